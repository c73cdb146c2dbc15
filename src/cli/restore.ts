import { existsSync } from 'node:fs';
import { realpath, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { chainFolder, findChains } from '../chain/index.ts';
import { authChainKey, type ChainKey } from '../event/index.ts';
import {
  backupLog,
  dropDerived,
  RealStorage,
  readError,
  replacedFolder,
  type Storage,
  writeErasures,
} from '../log/index.ts';
import { makeFolderDurable } from '../store/index.ts';
import { type FolderFindings, verifyFolder } from '../verify/index.ts';
import { UsageError, ViolationError } from './errors.ts';
import { lockLogs } from './lock-logs.ts';
import { expandHome } from './logs-path.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { countOf, safeText } from './safe-text.ts';
import { copySystemFiles } from './system-files.ts';

/** What `atedb restore` is told. */
export interface RestoreSettings {
  /** What `atedb backup` has made. */
  readonly folder: string;
  readonly logsPath: string;
  /** Undefined: all that the backup has. */
  readonly chain: ChainKey | undefined;
  /** Whether chains that are there are set aside, and those of the backup take their places. */
  readonly replaces: boolean;
  readonly json: boolean;
}

const folderMode = 0o700;

/**
 * Put chains of a backup into the logs path of a server, which must not be at work: each is copied, verified as a whole, and only then put in its
 * place.
 *
 * @throws UsageError where the folder holds no backup; AtedbError REQUEST_INVALID where a server is at work; CHAIN_EXISTS where a chain is there
 *   already; ViolationError where a chain of the backup doesn't verify: it isn't restored.
 */
export async function restore(settings: RestoreSettings): Promise<void> {
  const { chain, replaces, json } = settings;
  const storage = new RealStorage();
  const backup = await backupFolder(settings.folder);
  const all = await findChains(storage, backup);
  const found = all.sort((a, b) => (a.text < b.text ? -1 : 1));
  const keys = chain === undefined ? found : found.filter(({ text }) => text === chain.text);
  if (keys.length === 0) {
    const which = chain === undefined ? 'chains' : `the chain ${chain.text}`;
    throw new UsageError(`${settings.folder} has no backup of ${which}`);
  }
  const path = resolve(expandHome(settings.logsPath));
  await makeFolderDurable(path, folderMode);
  const logsPath = await realpath(path);
  await makeFolderDurable(join(logsPath, '_sys'), folderMode);
  await using _ = await lockLogs([logsPath], { mayWrite: true });
  await runWithOutput(async (output, signal) => {
    // Before anything is changed.
    for (const key of keys) if (!replaces) await checkAbsent(storage, logsPath, key);
    const system = chain === undefined ? systemOf(backup, logsPath) : 'none';
    const accounts = chainFolder(backup, authChainKey);
    const hasAccounts = system === 'restored' && (await storage.stat(accounts)) !== undefined;
    for (const key of hasAccounts ? [...keys, authChainKey] : keys) {
      signal.throwIfAborted();
      const events = await restoreChain(storage, { key, backup, logsPath, signal });
      await output.write(
        json
          ? `${JSON.stringify({ chainKey: key.text, state: 'restored', events })}\n`
          : `${safeText(key.text)}: restored ${countOf(events, 'event')}\n`,
      );
    }
    if (system === 'restored') {
      await copySystemFiles(backup, logsPath, { replaces: true });
    } else if (system === 'kept') {
      noticeWriter(json)({
        kind: 'identity-kept',
        message: `${logsPath} has the keys of a server, which stay, and so do its accounts; those of the backup are in ${join(backup, '_sys')}`,
      });
    }
  });
}

async function backupFolder(given: string): Promise<string> {
  const path = resolve(expandHome(given));
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isDirectory() === true) return realpath(path);
  throw new UsageError(`${given} is no folder`);
}

async function checkAbsent(storage: Storage, logsPath: string, key: ChainKey): Promise<void> {
  const folder = chainFolder(logsPath, key);
  if ((await storage.stat(folder)) === undefined) return;
  throw new AtedbError(
    'CHAIN_EXISTS',
    `${folder} is there. To put the backup in its place, which sets aside what is there, add --replace`,
    { metadata: { chain_key: key.text, folder } },
  );
}

/** @returns the number of its events. */
async function restoreChain(
  storage: Storage,
  of: {
    readonly key: ChainKey;
    readonly backup: string;
    readonly logsPath: string;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { key, backup, logsPath, signal } = of;
  const from = chainFolder(backup, key);
  const place = chainFolder(logsPath, key);
  const unfinished = `${place}.new`;
  // Of a restore that was interrupted.
  await rm(unfinished, { recursive: true, force: true });
  const onBytes = () => signal.throwIfAborted();
  const copy = await backupLog({ storage, from, to: unfinished, top: logsPath, onBytes }).catch(
    (error: unknown) => {
      throw readError('restoring the chain', error);
    },
  );
  if (copy === undefined) throw new UsageError(`${from} holds no chain`);
  const { derived, history } = await verified(storage, { key, folder: unfinished, signal });
  // What its server would believe without looking, is made again from what was verified.
  const files = derived.flatMap(({ file }) => file ?? []);
  await dropDerived(storage, unfinished, files);
  if ((history?.tally.redactions ?? 0) > 0) {
    const all = { doneBefore: 0, isPending: true };
    await writeErasures({ storage, folder: unfinished }, copy.chainId, all);
  }
  if ((await storage.stat(place)) !== undefined) await storage.rename(place, freeName(place));
  await storage.rename(unfinished, place);
  await storage.syncFolder(dirname(place));
  return copy.nextSequence;
}

/** Verify a copy. @throws ViolationError. */
async function verified(
  storage: Storage,
  of: { readonly key: ChainKey; readonly folder: string; readonly signal: AbortSignal },
): Promise<FolderFindings> {
  const { key, folder, signal } = of;
  const found = await verifyFolder({
    ...{ storage, folder, chainId: undefined, trustMode: undefined, signal },
    ...{ headsOf: async () => [], allSignatures: false },
  });
  const [first] = found.violations.list;
  const name = found.genesis?.chainKey.text;
  if (first === undefined && name === key.text) return found;
  const what = first?.what ?? `it holds the chain ${name}`;
  throw new ViolationError(
    `${key.text} was not restored, since its backup does not verify: ${what}. What was copied is in ${folder}`,
  );
}

/** Where what is there is set aside. */
function freeName(place: string): string {
  for (let number = 1; ; number += 1) {
    const name = replacedFolder(place, number);
    if (!existsSync(name)) return name;
  }
}

/** What becomes of the server's own folder: one that has an identity keeps it, and all that belongs to it. */
function systemOf(backup: string, logsPath: string): 'none' | 'kept' | 'restored' {
  const hasKeys = (path: string) => existsSync(join(path, '_sys', 'identity.key'));
  if (!hasKeys(backup)) return 'none';
  return hasKeys(logsPath) ? 'kept' : 'restored';
}
