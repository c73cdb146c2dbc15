import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  type ChainDiagnosis,
  type ChainMending,
  type ChainRestoration,
  chainFolder,
  chainKeyOfFolder,
  diagnoseChain,
  findChains,
  mendChain,
  repairChain,
  restoreSegments,
  type VerifiedChain,
} from '../chain/index.ts';
import type { TreeHead } from '../event/index.ts';
import {
  type BatchSource,
  FolderBatches,
  holdsLog,
  isSetAsideName,
  type Storage,
} from '../log/index.ts';
import { floorNone } from '../trust/index.ts';
import { verifyFolder } from '../verify/index.ts';
import { droppedText, dropSetAside } from './drop-set-aside.ts';
import { RepairNeededError, UsageError } from './errors.ts';
import { parseHereAddress } from './here-address.ts';
import { lockLogs, lockRepairs, logsPathOf } from './lock-logs.ts';
import { bytesBelow, MeasuredStorage } from './measured-storage.ts';
import { runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { type ChainReport, isToRepair, reportJson, reportWords } from './repair-report.ts';
import {
  fromWords,
  type RepairFrom,
  repairFrom,
  type ServerAccess,
  ServerBatches,
} from './repair-source.ts';
import { countOf } from './safe-text.ts';
import { serverLogs } from './server-logs.ts';

/** What to repair, and how. */
export interface RepairSettings extends Omit<ServerAccess, 'json'> {
  /** A folder, or the address of a chain of this machine's server. */
  readonly path: string;
  /** Undefined: where servers keep their logs unless told otherwise. */
  readonly logsPath: string | undefined;
  readonly apply: boolean;
  /** Whether to remove what was set aside, instead of repairing anything. */
  readonly dropSetAside: boolean;
  /** A backup, or another server, to take from what is damaged; undefined: nothing. */
  readonly from: string | undefined;
  /** A head that the operator is certain of; undefined: none. */
  readonly head: TreeHead | undefined;
  readonly json: boolean;
}

/** The same, with what `from` has come to. */
interface RepairJob extends Omit<RepairSettings, 'from'> {
  readonly from: RepairFrom | undefined;
}

/**
 * Explain what of a chain, or of the chains below a folder, is damaged; and repair it, where told to.
 *
 * @throws UsageError for a path without a chain; AtedbError REQUEST_INVALID where a server is at work there;
 *   RepairNeededError at the end where something is to be repaired and wasn't; AtedbError CHAIN_DAMAGED at the end where
 *   a chain can't be repaired.
 */
export async function repairPath(settings: RepairSettings): Promise<void> {
  let onRead: ((bytes: number) => void) | undefined;
  const storage = new MeasuredStorage((bytes) => onRead?.(bytes));
  const folders = await chainFolders(storage, await pathOf(settings));
  const { from, head } = settings;
  const job = { ...settings, from: from === undefined ? undefined : await repairFrom(from) };
  if (head !== undefined && (from === undefined || folders.length > 1)) {
    throw new UsageError('--head is of one chain, and says what --from may give of it: name both');
  }
  await using _repairs = settings.apply ? await lockRepairs(folders) : undefined;
  if (settings.dropSetAside) return dropAll(storage, folders, settings);
  await using _ = await lockLogs(folders, { mayWrite: settings.apply });
  await runWithOutput(async (output, signal) => {
    let damaged = 0;
    let failure: unknown;
    const sizes = await Promise.all(folders.map((folder) => bytesBelow(storage, folder)));
    using progress = new Progress({
      what: 'reading',
      unit: 'byte',
      total: sizes.reduce((sum, bytes) => sum + bytes, 0),
      isBusy: process.stdout.isTTY === true,
    });
    onRead = (bytes) => progress.add(bytes);
    for (const folder of folders) {
      // A repair that was begun is finished; it could be repeated, and need not be.
      if (signal.aborted) return;
      const report = await reportOn(storage, folder, { job, signal });
      await output.write(settings.json ? `${reportJson(report)}\n` : reportWords(report));
      if (report.state === 'failed') failure ??= withFolder(report.folder, report.error);
      else if (report.state === 'diagnosed' && isToRepair(report.diagnosis)) damaged += 1;
    }
    if (failure !== undefined) throw failure;
    if (damaged > 0) {
      throw repairNeeded({ damaged, all: folders.length, hasFrom: from !== undefined });
    }
  });
}

async function dropAll(
  storage: Storage,
  folders: readonly string[],
  { apply, json }: RepairSettings,
): Promise<void> {
  await runWithOutput(async (output, signal) => {
    for (const folder of folders) {
      signal.throwIfAborted();
      output.write(droppedText(await dropSetAside(storage, folder, apply), json));
    }
  });
}

/** Of several chains the error has to say which one it is about. */
function withFolder(folder: string, error: AtedbError): AtedbError {
  const { reason, message, metadata } = error;
  const options = { metadata: { ...metadata, folder }, cause: error };
  return new AtedbError(reason, `${folder}: ${message}`, options);
}

async function reportOn(
  storage: Storage,
  folder: string,
  { job, signal }: { readonly job: RepairJob; readonly signal: AbortSignal },
): Promise<ChainReport> {
  const { apply, from } = job;
  let restored: ChainRestoration | undefined;
  let mended: ChainMending | undefined;
  const source = from && fromWords(from);
  try {
    if (from?.kind === 'folder') {
      restored = await restoreFrom(storage, folder, { from: from.path, apply });
    }
    if (from !== undefined && (await hasLost(storage, folder))) {
      mended = await mendFrom(storage, folder, { job, from, restored, signal });
    }
    const tilesFrom = from?.kind === 'folder' ? await copyOf(folder, from.path) : undefined;
    const diagnosis = await diagnoseChain(storage, folder, tilesFrom);
    checkFolder(folder, diagnosis);
    const common = { folder, diagnosis, restored, mended, source };
    // Who has somebody to take from may have somebody else, who has what this one lacks.
    const isEnough = from === undefined || diagnosis.survey.lost === undefined;
    const isDone = (restored?.steps.length ?? 0) > 0 || mended?.isDone === true;
    const isDue = isToRepair(diagnosis) || isDone;
    if (!apply || !isDue || !isEnough) return { state: 'diagnosed', ...common };
    return {
      state: 'repaired',
      ...common,
      repair: await repairChain(storage, folder, diagnosis),
    };
  } catch (error) {
    // One chain's trouble is not another's.
    if (error instanceof AtedbError) {
      return { state: 'failed', folder, error, restored, mended, source };
    }
    throw error;
  }
}

/** Whether events of a chain can't be read, or not even its first batch. */
async function hasLost(storage: Storage, folder: string): Promise<boolean> {
  try {
    return (await diagnoseChain(storage, folder)).survey.lost !== undefined;
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return true;
    throw error;
  }
}

/** Put back what a backup has of a chain: the folder that is named, or the chain's below it. It may have nothing of it. */
async function restoreFrom(
  storage: Storage,
  folder: string,
  { from, apply }: { readonly from: string; readonly apply: boolean },
): Promise<ChainRestoration> {
  const copy = await copyOf(folder, from);
  if (copy === undefined) return { steps: [], isDone: apply, setAside: undefined };
  return restoreSegments(storage, folder, { from: copy, apply });
}

/** Take from others, batch by batch, what is still lost. */
async function mendFrom(
  storage: Storage,
  folder: string,
  of: {
    readonly job: RepairJob;
    readonly from: RepairFrom;
    readonly restored: ChainRestoration | undefined;
    readonly signal: AbortSignal;
  },
): Promise<ChainMending | undefined> {
  const { job, from, restored, signal } = of;
  const { apply, head } = job;
  const steps = restored?.isDone === false ? restored.steps : [];
  const common = {
    ...{ apply, heads: head === undefined ? [] : [head], nowUnixMs: Date.now() },
    instead: new Map(steps.map((step) => [step.file, step.from])),
    verify: (shown: Storage) => verifiedChain(shown, folder, signal),
  };
  const mend = (source: BatchSource) => mendChain(storage, folder, { ...common, source });
  if (from.kind === 'folder') {
    const copy = await copyOf(folder, from.path);
    return copy === undefined ? undefined : mend(new FolderBatches(storage, copy));
  }
  await using source = await ServerBatches.of(storage, folder, { from, access: job, signal });
  return await mend(source);
}

/** Verify a chain as readers will. What can be made again, as a header or the manifest, is none of it. */
async function verifiedChain(
  storage: Storage,
  folder: string,
  signal: AbortSignal,
): Promise<VerifiedChain> {
  const { violations, history } = await verifyFolder({
    ...{ storage, folder, chainId: undefined, trustMode: undefined, signal },
    ...{ headsOf: async () => [], allSignatures: true },
  });
  const found = violations.list.find(
    ({ file, commit, sequence }) =>
      file === undefined || commit !== undefined || sequence !== undefined,
  );
  if (found !== undefined) return { violation: found.what, retained: floorNone };
  if (history === undefined)
    return { violation: violations.list[0]?.what ?? '', retained: floorNone };
  return { violation: undefined, retained: history.retained };
}

async function copyOf(folder: string, from: string): Promise<string | undefined> {
  const top = await realpath(resolve(from));
  const logsPath = logsPathOf(folder);
  const below = logsPath === undefined ? undefined : join(top, relative(logsPath, folder));
  for (const candidate of below === undefined ? [top] : [below, top]) {
    const isThere = (await stat(candidate).catch(() => undefined))?.isDirectory() === true;
    if (candidate !== folder && isThere) return candidate;
  }
  return undefined;
}

/** The folder that is named, by itself or by the address of a chain. */
async function pathOf({ path, logsPath }: RepairSettings): Promise<string> {
  if (!/^[a-z]+:\/\//i.test(path)) return path;
  const what = 'a repair works with the files of the server';
  const { chainKey } = parseHereAddress(path, { what, logsPath });
  return chainFolder(await serverLogs(logsPath), chainKey);
}

/** The folders of the chains that a path names. */
async function chainFolders(storage: Storage, path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new UsageError(`${path} is no folder: name a chain's, or one with chains below it`);
  }
  const folder = await realpath(resolve(path));
  if (isSetAsideName(basename(folder))) {
    throw new UsageError(
      `${path} is what a repair set aside, and stays as it is; atedb dump shows it`,
    );
  }
  const logsPath = logsPathOf(folder) ?? folder;
  if (chainKeyOfFolder(relative(logsPath, folder)) !== undefined) return [folder];
  if (await holdsLog(storage, folder)) return [folder];
  const keys = await findChains(storage, logsPath);
  const folders = keys
    .map((key) => chainFolder(logsPath, key))
    .filter((one) => one.startsWith(join(folder, sep)))
    .sort();
  if (folders.length > 0) return folders;
  throw new UsageError(`${path} is no folder of a chain, and there is none below it`);
}

/** The server would refuse a chain in another one's folder, whatever is repaired. */
function checkFolder(folder: string, { key }: ChainDiagnosis): void {
  const logsPath = logsPathOf(folder);
  if (logsPath === undefined || chainFolder(logsPath, key) === folder) return;
  const meant = relative(logsPath, chainFolder(logsPath, key));
  throw new AtedbError(
    'CHAIN_DAMAGED',
    `${relative(logsPath, folder)} holds the chain ${key.text}. Move it back to where that one belongs, ${meant}`,
    { metadata: { chain_key: key.text } },
  );
}

function repairNeeded(what: {
  readonly damaged: number;
  readonly all: number;
  readonly hasFrom: boolean;
}): RepairNeededError {
  const { damaged, all, hasFrom } = what;
  const isOne = damaged === 1;
  const which =
    all === 1 ? 'the chain is' : `${damaged} of ${countOf(all, 'chain')} ${isOne ? 'is' : 'are'}`;
  const less = hasFrom ? '' : '; with --from, a backup or another server may have what is lost';
  return new RepairNeededError(
    `${which} damaged, and nothing was changed. To repair ${isOne ? 'it' : 'them'}, add --apply${less}`,
  );
}
