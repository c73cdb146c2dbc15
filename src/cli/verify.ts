import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { chainFolder, findChains } from '../chain/index.ts';
import { identityHome, rememberedHeads } from '../client/index.ts';
import type { ChainAddress, Genesis, TreeHead, TrustMode } from '../event/index.ts';
import { holdsLog, RealStorage } from '../log/index.ts';
import { verifyFolder } from '../verify/index.ts';
import { UsageError, ViolationError } from './errors.ts';
import { bytesBelow, MeasuredStorage } from './measured-storage.ts';
import type { OpeningKey } from './opening-key.ts';
import { type Output, runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { countOf } from './safe-text.ts';
import type { ServerWays } from './server-target.ts';
import { type VerifyReport, verifyJson, verifyWords } from './verify-report.ts';
import { verifyServed } from './verify-served.ts';

/** What `atedb verify` is told. */
export interface VerifySettings extends OpeningKey {
  readonly target: ChainAddress | { readonly folder: string };
  /** How to speak to the server. */
  readonly ways: ServerWays;
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  readonly head: TreeHead | undefined;
  /** Whether the heads that the home folder has are to be in it. */
  readonly known: boolean;
  readonly allSignatures: boolean;
  readonly json: boolean;
}

/**
 * Verify a whole chain, of a server or in a folder, and say what was found.
 *
 * @throws ViolationError at the end, where anything doesn't verify; UsageError for a folder that is no chain's.
 */
export async function verifyChain(settings: VerifySettings): Promise<void> {
  await runWithOutput(async (output, signal) => {
    const { target } = settings;
    if (!('folder' in target)) {
      const report = await verifyServed(target, settings, signal);
      await print(report, settings.json, output);
      throwIfViolated(report);
      return;
    }
    const folders = await chainFolders(target.folder, settings);
    const violated: VerifyReport[] = [];
    for (const folder of folders) {
      const report = await verifyAt(folder, settings, signal);
      await print(report, settings.json, output);
      if (folders.length === 1) throwIfViolated(report);
      if (report.violations.length > 0) violated.push(report);
    }
    if (violated.length === 0) return;
    const all = countOf(folders.length, 'chain');
    throw new ViolationError(`${violated.length} of ${all} in ${target.folder} don't verify`);
  });
}

async function print(report: VerifyReport, json: boolean, output: Output): Promise<void> {
  await output.write(json ? `${verifyJson(report)}\n` : verifyWords(report));
}

function throwIfViolated({ target, violations, leftOut }: VerifyReport): void {
  if (violations.length === 0) return;
  const count = leftOut ? 'more than ' : '';
  throw new ViolationError(
    `${target} does not verify: ${count}${countOf(violations.length, 'violation')}`,
  );
}

/** The folder of a chain that is named, or of those below it, as in a logs path or a backup. @throws UsageError. */
async function chainFolders(path: string, { chainId, head }: VerifySettings): Promise<string[]> {
  const folder = await folderAt(path);
  const storage = new RealStorage();
  if (await holdsLog(storage, folder)) return [path];
  const below = (await findChains(storage, folder)).map((key) => chainFolder(folder, key)).sort();
  if (below.length === 0) {
    throw new UsageError(
      `${path} is not the folder of a chain: it has neither a manifest nor segments, and there is none below it. Such folders are below a server's logs path, and their names end with .chain`,
    );
  }
  if (below.length === 1 || (chainId === undefined && head === undefined)) return below;
  throw new UsageError(
    `${path} has ${below.length} chains, and --chain-id and --head are of one: name its folder`,
  );
}

async function verifyAt(
  path: string,
  settings: VerifySettings,
  signal: AbortSignal,
): Promise<VerifyReport> {
  const folder = await folderAt(path);
  const { chainId, allSignatures } = settings;
  let onRead: ((bytes: number) => void) | undefined;
  const storage = new MeasuredStorage((bytes) => onRead?.(bytes));
  using progress = new Progress({
    what: 'verifying',
    unit: 'byte',
    total: await bytesBelow(storage, folder),
  });
  onRead = (bytes) => progress.add(bytes);
  let heads: TreeHead[] = [];
  const headsOf = async (genesis: Genesis) => {
    heads = await headsDue(genesis, settings);
    return heads;
  };
  const found = await verifyFolder({ ...settings, storage, folder, headsOf, signal });
  const { violations, history, genesis, ...files } = found;
  return {
    target: path,
    genesis,
    history,
    violations: violations.list,
    leftOut: violations.leftOut,
    allSignatures,
    isPinned: chainId !== undefined,
    heads,
    files,
  };
}

async function folderAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return realpath(resolve(path));
  throw new UsageError(
    `${path} is neither an address, as ate://host/chain-key, nor a folder that is there`,
  );
}

/** The heads that a chain must have had: that which the user names, and those which the home folder has. */
async function headsDue(
  { chainKey, chainId }: Genesis,
  { head, known }: VerifySettings,
): Promise<TreeHead[]> {
  const named = head === undefined ? [] : [head];
  if (!known) return named;
  const home = identityHome(process.env);
  const remembered = await rememberedHeads(home, chainKey);
  const ofChain = remembered.filter((one) => one.chainId.equals(chainId));
  if (ofChain.length > 0) return [...named, ...ofChain.map((one) => one.head)];
  const other =
    remembered.length === 0
      ? ''
      : '; it has heads of another chain with that key: this one is not the one that was read';
  throw new AtedbError(
    'REQUEST_INVALID',
    `--known: ${home} has no head of the chain ${chainKey.text} with the id ${chainId.toString('hex')}${other}`,
    { metadata: { field: 'known' } },
  );
}
