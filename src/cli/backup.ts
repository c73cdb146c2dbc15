import { AtedbError } from '../bytes/index.ts';
import { chainFolder, findChains } from '../chain/index.ts';
import { authChainKey, type ChainKey } from '../event/index.ts';
import {
  type BackupReport,
  backupLog,
  RealStorage,
  readError,
  type Storage,
} from '../log/index.ts';
import { backupTarget, lockBackup } from './backup-target.ts';
import { bytesBelow } from './measured-storage.ts';
import { type Output, runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { countOf, safeText } from './safe-text.ts';
import { serverLogs } from './server-logs.ts';
import { checkBackupOf, copySystemFiles } from './system-files.ts';

/** What `atedb backup` is told. */
export interface BackupSettings {
  /** Undefined: all chains of the server, and what the server itself keeps. */
  readonly chain: ChainKey | undefined;
  /** Of the copies; made if it is missing. */
  readonly folder: string;
  /** Undefined: where servers keep their logs unless told otherwise. */
  readonly logsPath: string | undefined;
  readonly json: boolean;
}

/**
 * Copy chains of a server of this machine, which may be at work, to a folder; what is there already isn't copied again.
 *
 * @throws UsageError where there is no such server, or another command copies to the folder; AtedbError CHAIN_NOT_FOUND; at the end that of the
 *   first chain that failed, as `backupLog`.
 */
export async function backUp(settings: BackupSettings): Promise<void> {
  const { chain, json } = settings;
  const logsPath = await serverLogs(settings.logsPath);
  const target = await backupTarget(settings.folder, logsPath);
  await using _ = await lockBackup(target);
  if (chain === undefined) await checkBackupOf(logsPath, target);
  const storage = new RealStorage();
  const keys = chain === undefined ? await chainsOf(storage, logsPath) : [chain];
  await runWithOutput(async (output, signal) => {
    let failure: unknown;
    const sizes = await Promise.all(
      keys.map((key) => bytesBelow(storage, chainFolder(logsPath, key))),
    );
    using progress = new Progress({
      what: 'copying',
      unit: 'byte',
      total: sizes.reduce((sum, bytes) => sum + bytes, 0),
      isBusy: process.stdout.isTTY === true,
    });
    for (const key of keys) {
      signal.throwIfAborted();
      const onBytes = (bytes: number) => {
        signal.throwIfAborted();
        progress.add(bytes);
      };
      const copied = await copyChain(storage, { key, logsPath, target, onBytes });
      if (copied.error !== undefined) failure ??= copied.error;
      await print(output, { key, json, ...copied });
    }
    if (chain === undefined) {
      const count = await copySystemFiles(logsPath, target, { replaces: true });
      if (!json)
        await output.write(`_sys: ${countOf(count, 'file')}, the server's keys among them\n`);
    }
    if (failure !== undefined) throw failure;
  });
}

/** All chains of a server; last that of its accounts, if it has any: so it is never behind what they say of owners. */
async function chainsOf(storage: Storage, logsPath: string): Promise<ChainKey[]> {
  const found = await findChains(storage, logsPath);
  const keys = found.sort((a, b) => (a.text < b.text ? -1 : 1));
  const accounts = await storage.stat(chainFolder(logsPath, authChainKey));
  return accounts === undefined ? keys : [...keys, authChainKey];
}

/** What became of one chain. */
interface Copied {
  readonly report?: BackupReport;
  readonly error?: AtedbError;
}

/** One chain's trouble is not another's. */
async function copyChain(
  storage: Storage,
  of: {
    readonly key: ChainKey;
    readonly logsPath: string;
    readonly target: string;
    readonly onBytes: (bytes: number) => void;
  },
): Promise<Copied> {
  const { key, logsPath, target: top, onBytes } = of;
  const from = chainFolder(logsPath, key);
  try {
    const to = chainFolder(top, key);
    const report = await backupLog({ storage, from, to, top, onBytes });
    return report === undefined ? { error: notThere(key, from) } : { report };
  } catch (error) {
    const known = readError('backing the chain up', error);
    if (known instanceof AtedbError) return { error: known };
    throw known;
  }
}

async function print(
  output: Output,
  { key, json, report, error }: Copied & { readonly key: ChainKey; readonly json: boolean },
): Promise<void> {
  const name = safeText(key.text);
  if (json) {
    const fields =
      report === undefined
        ? { state: 'failed', reason: error?.reason, message: error?.message }
        : {
            state: 'backed up',
            chainId: report.chainId.toString('hex'),
            head: { size: report.head.size, root: report.head.root.toString('hex') },
            events: report.nextSequence,
            segments: report.segments,
            copiedSegments: report.copiedSegments,
            copiedBytes: report.copiedBytes,
          };
    await output.write(`${JSON.stringify({ chainKey: key.text, ...fields })}\n`);
  } else if (report === undefined) {
    await output.write(`${name}: not backed up: ${safeText(error?.message ?? '')}\n`);
  } else {
    const { nextSequence, copiedBytes } = report;
    const copied = copiedBytes === 0 ? 'nothing new' : `${countOf(copiedBytes, 'byte')} copied`;
    await output.write(`${name}: backed up ${countOf(nextSequence, 'event')}, ${copied}\n`);
  }
}

function notThere({ text }: ChainKey, folder: string): AtedbError {
  return new AtedbError(
    'CHAIN_NOT_FOUND',
    `there is no chain ${text} on this server: nothing is in ${folder}`,
    { metadata: { chain_key: text } },
  );
}
