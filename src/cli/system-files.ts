import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { parseIdentityRotation } from '../event/index.ts';
import { identityPaths, readIdentity } from '../server/index.ts';
import { makeFolderDurable, writeFileAtomic } from '../store/index.ts';

/** What of a server's own folder is of this run of it alone. */
const isOfRun = (name: string): boolean => name === 'lock' || name.endsWith('.lock');

const folderMode = 0o700;
const fileMode = 0o600;

/** Chains are copied as such: file by file, a copy could have a manifest of one moment and segments of another. */
const isChain = (name: string): boolean => name.endsWith('.chain');

/**
 * Check that a folder for backups is of the server of a logs path: of its identity, or of one that it had before. The keys of another server that
 * are there would be replaced.
 *
 * @throws AtedbError BACKUP_MISMATCH; as `readIdentity`.
 */
export async function checkBackupOf(logsPath: string, target: string): Promise<void> {
  const there = await readIdentity(identityPaths(join(target, '_sys')));
  if (there === undefined) return;
  const here = await readIdentity(identityPaths(join(logsPath, '_sys')));
  const { fingerprintHex } = there.line.identity;
  const had = here?.line.rotations.map((one) => parseIdentityRotation(one).oldIdentity) ?? [];
  const own = here === undefined ? [] : [here.line.identity, ...had];
  if (own.some((identity) => identity.fingerprintHex === fingerprintHex)) return;
  throw new AtedbError(
    'BACKUP_MISMATCH',
    `${target} has the keys of another server than that of ${logsPath}: its identity is sha256:${fingerprintHex}. It was left as it is; back up to another folder, or name the server's logs with --logs-path`,
    { metadata: { folder: target, fingerprint: fingerprintHex } },
  );
}

/**
 * Copy a server's own files, among them its keys, from one logs path to another: each whole, and for its owner alone. The chain of its accounts
 * isn't one of them.
 *
 * @param options.replaces whether files that are there are replaced.
 * @returns how many there are.
 */
export async function copySystemFiles(
  from: string,
  to: string,
  options: { readonly replaces: boolean },
): Promise<number> {
  return copyFolder(join(from, '_sys'), join(to, '_sys'), options.replaces);
}

async function copyFolder(from: string, to: string, replaces: boolean): Promise<number> {
  const names = await readdir(from).catch(() => []);
  let count = 0;
  if (names.length > 0) await makeFolderDurable(to, folderMode);
  for (const name of names) {
    const path = join(from, name);
    const entry = await lstat(path);
    if (entry.isDirectory() && !isChain(name))
      count += await copyFolder(path, join(to, name), replaces);
    if (!entry.isFile() || isOfRun(name) || name.endsWith('.new')) continue;
    await writeFileAtomic(join(to, name), await readFile(path), {
      mode: fileMode,
      replace: replaces,
    });
    count += 1;
  }
  return count;
}
