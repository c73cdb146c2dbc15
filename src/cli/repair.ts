import { realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  type ChainDiagnosis,
  type ChainRestoration,
  chainFolder,
  chainKeyOfFolder,
  diagnoseChain,
  findChains,
  repairChain,
  restoreSegments,
} from '../chain/index.ts';
import { holdsLog, isSetAsideName, type Storage } from '../log/index.ts';
import { RepairNeededError, UsageError } from './errors.ts';
import { lockLogs, logsPathOf } from './lock-logs.ts';
import { bytesBelow, MeasuredStorage } from './measured-storage.ts';
import { runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { type ChainReport, isToRepair, reportJson, reportWords } from './repair-report.ts';
import { countOf } from './safe-text.ts';

/** What to repair, and how. */
export interface RepairSettings {
  readonly path: string;
  readonly apply: boolean;
  /** A backup to put whole files back from; undefined: none. */
  readonly from: string | undefined;
  readonly json: boolean;
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
  const folders = await chainFolders(storage, settings.path);
  await checkBackup(settings.from);
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
      const report = await reportOn(storage, folder, settings);
      await output.write(settings.json ? `${reportJson(report)}\n` : reportWords(report));
      if (report.state === 'failed') failure ??= withFolder(report.folder, report.error);
      else if (report.state === 'diagnosed' && isToRepair(report.diagnosis)) damaged += 1;
    }
    if (failure !== undefined) throw failure;
    if (damaged > 0) throw repairNeeded(damaged, folders.length);
  });
}

/** Of several chains the error has to say which one it is about. */
function withFolder(folder: string, error: AtedbError): AtedbError {
  const { reason, message, metadata } = error;
  const options = { metadata: { ...metadata, folder }, cause: error };
  return new AtedbError(reason, `${folder}: ${message}`, options);
}

async function checkBackup(from: string | undefined): Promise<void> {
  if (from === undefined || (await stat(from).catch(() => undefined))?.isDirectory()) return;
  throw new UsageError(`${from} is no folder: name a backup, or a copy of the chain's folder`);
}

async function reportOn(
  storage: Storage,
  folder: string,
  { apply, from }: Pick<RepairSettings, 'apply' | 'from'>,
): Promise<ChainReport> {
  let restored: ChainRestoration | undefined;
  try {
    if (from !== undefined) restored = await restoreFrom(storage, folder, { from, apply });
    const diagnosis = await diagnoseChain(storage, folder);
    checkFolder(folder, diagnosis);
    const common = { folder, diagnosis, restored };
    // Who has a backup may have another one, which has what this one lacks.
    const isEnough = from === undefined || diagnosis.survey.lost === undefined;
    const isDue = isToRepair(diagnosis) || (restored?.steps.length ?? 0) > 0;
    if (!apply || !isDue || !isEnough) return { state: 'diagnosed', ...common };
    return {
      state: 'repaired',
      ...common,
      repair: await repairChain(storage, folder, diagnosis),
    };
  } catch (error) {
    // One chain's trouble is not another's.
    if (error instanceof AtedbError) return { state: 'failed', folder, error, restored };
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

function repairNeeded(damaged: number, all: number): RepairNeededError {
  const which = all === 1 ? 'the chain is' : `${damaged} of ${countOf(all, 'chain')} are`;
  return new RepairNeededError(
    `${which} damaged, and nothing was changed. To repair ${damaged === 1 ? 'it' : 'them'}, add --apply; a backup may lose less`,
  );
}
