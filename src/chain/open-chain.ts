import { AtedbError } from '../bytes/index.ts';
import { type Batch, type ChainKey, type Genesis, parseBatch, splitSlice } from '../event/index.ts';
import {
  ChainLog,
  type ChainLogOptions,
  finishDeletion,
  LockTokens,
  type LogCaches,
  type OpenChainLogOptions,
  readError,
  type Storage,
} from '../log/index.ts';
import { ChainState, checkBatch, verifyGenesis } from '../trust/index.ts';
import { Chain, type CheckHashes } from './chain.ts';
import { chainFolder } from './chain-folder.ts';
import { Eraser, type EraserOptions } from './eraser.ts';
import { KeyIndex } from './key-index.ts';
import { LockTable } from './lock-table.ts';
import { refuseLinks } from './refuse-links.ts';
import { fromSnapshot, genesisSliceOf, takeState } from './snapshot.ts';

/** What a chain is opened with. */
export interface OpenChainOptions {
  readonly storage: Storage;
  /** Absolute path that all chains lie below. */
  readonly logsPath: string;
  /** Bytes; see `ChainLog`. */
  readonly segmentBytesMax?: number | undefined;
  /** Shared by all chains. */
  readonly caches?: LogCaches | undefined;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Absent: in this thread. */
  readonly checkHashes?: CheckHashes | undefined;
  /** Refuses what there is no room for, or counts it. Absent: there is room for all. @throws AtedbError DISK_FULL, QUOTA_EXCEEDED. */
  readonly checkRoom?: ((batch: Batch, chain: Chain) => void) | undefined;
  /** How fast redactions are carried out; see `EraserOptions`. */
  readonly eraseTimes?:
    | Pick<EraserOptions, 'retryMs' | 'closePauseMs' | 'burstMs' | 'pause'>
    | undefined;
  /** Closed segments to check before anything else. */
  readonly suspects?: Iterable<number> | undefined;
  /** Reading came upon damage in a closed segment. */
  readonly onSuspect?: ((segment: number) => void) | undefined;
  /** Told in words what recovery had to do. */
  readonly onNotice: (notice: string) => void;
}

/** The state of a chain while its log is read: known from its snapshot, or from its first batch on. */
class Loading {
  state: ChainState | undefined;
  genesisSlice: Buffer = Buffer.alloc(0);
  keys: KeyIndex | undefined;
  #keysSegment: number | undefined;
  log: ChainLog | undefined;

  get(): ChainState {
    if (this.state === undefined) {
      throw new AtedbError(
        'CHAIN_DAMAGED',
        'the log has neither a genesis nor a snapshot at its start',
      );
    }
    return this.state;
  }

  /** The keys that a segment's batches are added to: of several segments, those of the last one are kept. */
  keysOf(segment: number, firstSequence: number): KeyIndex {
    if (this.keys === undefined || segment !== this.#keysSegment) {
      this.keys = new KeyIndex(firstSequence);
      this.#keysSegment = segment;
    }
    return this.keys;
  }
}

/**
 * Open the chain of a key from its files.
 *
 * @returns undefined where there is none.
 * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW, STORAGE_FAILED; as `refuseLinks`.
 */
export async function openChain(
  options: OpenChainOptions,
  key: ChainKey,
): Promise<Chain | undefined> {
  const { storage, logsPath } = options;
  const folder = chainFolder(logsPath, key);
  await refuseLinks(storage, logsPath, folder);
  await finishDeletion(storage, folder).catch((error: unknown) => {
    throw readError('removing a deleted chain', error);
  });
  return openChainIn(options, key, folder);
}

/** As `openChain`, of the folder that the caller has found. */
export async function openChainIn(
  options: OpenChainOptions,
  key: ChainKey,
  folder: string,
): Promise<Chain | undefined> {
  const loading = new Loading();
  const log = await openLog(key, {
    ...logOptions(options, folder, loading),
    suspects: options.suspects,
    onSnapshot: (stored) => {
      loading.genesisSlice = genesisSliceOf(stored.snapshot);
      const [first] = splitSlice(loading.genesisSlice);
      loading.state = new ChainState(genesisOf(first?.run), fromSnapshot(stored));
    },
    onBatch: (run, commit, segment) => {
      if (commit.commit === 0) loading.state = new ChainState(genesisOf(run));
      const state = loading.get();
      const batch = parseBatch(run);
      loading.keysOf(segment, commit.firstSequence).add(batch, commit.firstSequence);
      state.replay(batch, { ...commit, commitHeader: copy(commit.headerBytes) });
    },
  });
  if (log === null) return undefined;
  try {
    const state = loading.get();
    const name = state.genesis.chainKey.text;
    if (name !== key.text) {
      throw new AtedbError(
        'CHAIN_DAMAGED',
        `the folder of ${key.text} holds the chain ${name}. Move it back to where that one belongs`,
        { metadata: { chain_key: key.text } },
      );
    }
    if (loading.genesisSlice.length === 0) loading.genesisSlice = await firstSlice(log);
    loading.log = log;
    const { genesisSlice } = loading;
    const { segment, sequence } = log.activeStart();
    const keys = loading.keysOf(segment, sequence);
    const locks = locksOf(options, folder, log);
    const eraser = eraserOf(options, { folder, log, keys });
    if (log.trouble === undefined) eraser.resume();
    return new Chain({ ...options, key, log, state, keys, locks, eraser, genesisSlice });
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** As `ChainLog.open`; what is damaged beyond reading is told with the chain that it is of. */
async function openLog(key: ChainKey, options: OpenChainLogOptions): Promise<ChainLog | null> {
  try {
    return await ChainLog.open(options);
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    throw new AtedbError(
      'CHAIN_DAMAGED',
      `the chain ${key.text} can't be opened: ${error.message}. atedb repair says more`,
      { metadata: { chain_key: key.text, ...error.metadata }, cause: error },
    );
  }
}

/**
 * Create the chain of a key from its genesis batch, durably. The caller has checked that there is none, and that
 * this server wants it.
 */
export async function createChain(
  options: OpenChainOptions,
  key: ChainKey,
  run: Buffer,
): Promise<Chain> {
  const { genesis } = await verifyGenesis(run);
  const loading = new Loading();
  const state = new ChainState(genesis);
  loading.state = state;
  const keys = new KeyIndex(0);
  loading.keys = keys;
  const folder = chainFolder(options.logsPath, key);
  const log = await ChainLog.create({
    ...logOptions(options, folder, loading),
    chainId: genesis.chainId,
  });
  loading.log = log;
  try {
    const locks = locksOf(options, folder, log);
    const eraser = eraserOf(options, { folder, log, keys });
    const common = { ...options, key, log, state, keys, locks, eraser };
    const before = new Chain({ ...common, genesisSlice: Buffer.alloc(0) });
    await before.submit(await before.prepare(run)).durable;
    loading.genesisSlice = await firstSlice(log);
    return new Chain({ ...common, genesisSlice: loading.genesisSlice });
  } catch (error) {
    await log.close();
    throw error;
  }
}

function locksOf({ storage, now }: OpenChainOptions, folder: string, { chainId }: ChainLog) {
  return new LockTable(new LockTokens({ storage, folder, chainId, now }));
}

/** Carries out redactions of a chain. */
function eraserOf(
  { storage, eraseTimes, onNotice }: OpenChainOptions,
  of: { readonly folder: string; readonly log: ChainLog; readonly keys: KeyIndex },
): Eraser {
  const { folder, log, keys } = of;
  const closeActive = async () => {
    const closing = log.rewriting.closeActive();
    if (closing === undefined) return;
    // In the same turn: what is appended next is in another segment.
    keys.beginSegment(closing.nextSequence);
    await closing.closed;
  };
  return new Eraser({ storage, folder, log, closeActive, onNotice, ...eraseTimes });
}

function logOptions(options: OpenChainOptions, folder: string, loading: Loading): ChainLogOptions {
  return {
    storage: options.storage,
    logsPath: options.logsPath,
    folder,
    segmentBytesMax: options.segmentBytesMax,
    caches: options.caches,
    takeSnapshot: () => takeState(loading.get(), loading.genesisSlice),
    onLost: async (commits) => {
      loading.get().takeBack(commits);
      if (loading.log !== undefined) await loading.keys?.rebuild(loading.log);
    },
    onSegmentClosed: (segment) => {
      if (loading.log !== undefined) loading.keys?.closed(loading.log, segment);
    },
    onSuspect: options.onSuspect,
    onNotice: options.onNotice,
  };
}

/** What a chain's first batch says of it. @throws AtedbError for a batch that is no genesis. */
export function genesisOf(run: Buffer | undefined): Genesis {
  // Copied, since what the genesis says is kept for as long as the chain is open.
  const genesis = run === undefined ? undefined : checkBatch(parseBatch(copy(run)));
  if (genesis === undefined) {
    throw new AtedbError('CHAIN_DAMAGED', 'the first batch of the log is not a genesis');
  }
  return genesis;
}

async function firstSlice(log: ChainLog): Promise<Buffer> {
  return copy((await log.readSlice(log.startPosition(), { bytesMax: 1 })).bytes);
}

/** A copy that doesn't keep a whole segment in memory. */
function copy(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}
