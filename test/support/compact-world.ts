import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import {
  type Chain,
  type ChainLease,
  ChainRegistry,
  CompactionHere,
  type CompactionReport,
  type RegistryOptions,
} from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import {
  type Batch,
  type BuiltEvent,
  dataStates,
  parseBatch,
  parseChainKey,
  splitSlice,
  type TrustMode,
} from '../../src/event/index.ts';
import { type Storage, surveyLog } from '../../src/log/index.ts';
import { emptyDisk } from './log-fixture.ts';
import { TestWriter, testEvent, testGenesis } from './test-writer.ts';

export const logsPath = '/logs';
const chainKey = 'team/compacted';
export const chainFolder = `${logsPath}/${chainKey}.chain`;
/** A few batches, signed or not. */
export const segmentBytesMax = { centralized: 5_000, distributed: 12_000 } as const;

const root = KeyPair.generate();
const server = KeyPair.generate();

const geneses = new Map<TrustMode, ReturnType<typeof testGenesis>>();

/** One genesis for all worlds of a mode: making it takes longer than most else. */
function genesisOf(trustMode: TrustMode): ReturnType<typeof testGenesis> {
  const made =
    geneses.get(trustMode) ?? testGenesis({ chainKey, roots: [root], server, trustMode });
  geneses.set(trustMode, made);
  return made;
}

/** An event that a test appends: of one of a few objects. */
export interface PlannedEvent {
  readonly kind: 'data' | 'tombstone' | 'ruled';
  readonly object: number;
  readonly bytes: number;
}

/** A batch as it was appended, and where. */
interface Placed {
  readonly batch: Batch;
  readonly writer: number;
  readonly firstSequence: number;
  readonly timeUnixMs: number;
}

/** A chain with small segments, and all that was ever appended to it. */
export class CompactWorld {
  readonly storage: Storage;
  readonly trustMode: TrustMode;
  readonly writers: TestWriter[];
  readonly placed: Placed[] = [];
  readonly notices: string[] = [];
  timeUnixMs = 1_700_000_000_000;
  /** Whether batches name the head of the chain as the one that their writer has verified. */
  namesHeads = false;
  #registry: ChainRegistry | undefined;
  #lease: ChainLease | undefined;
  readonly #genesis: Buffer;

  private constructor(options: {
    storage: Storage;
    trustMode: TrustMode;
    writers: TestWriter[];
    genesis: Buffer;
  }) {
    this.storage = options.storage;
    this.trustMode = options.trustMode;
    this.writers = options.writers;
    this.#genesis = options.genesis;
  }

  static async create(
    options: { readonly storage?: Storage; readonly trustMode?: TrustMode } = {},
  ): Promise<CompactWorld> {
    const { trustMode = 'centralized', storage = await emptyDisk(logsPath) } = options;
    const { writer, batch } = await genesisOf(trustMode);
    const other = new TestWriter(writer.chainId, root, randomBytes(16));
    const first = new TestWriter(writer.chainId, root, writer.salt);
    Object.assign(first, { counter: 1, previous: batch.sealHash });
    return new CompactWorld({ storage, trustMode, writers: [first, other], genesis: batch.run });
  }

  /** The same chain as it is now, for another copy of its disk. */
  clone(storage: Storage): CompactWorld {
    const { trustMode, writers } = this;
    const copy = new CompactWorld({ storage, trustMode, writers, genesis: this.#genesis });
    copy.placed.push(...this.placed);
    copy.timeUnixMs = this.timeUnixMs;
    return copy;
  }

  get chain(): Chain {
    if (this.#lease === undefined) throw new Error('the chain is not open');
    return this.#lease.chain;
  }

  /** Open the chain, or create it. */
  async open(
    storage: Storage = this.storage,
    changes: Partial<RegistryOptions> = {},
  ): Promise<void> {
    this.#registry = new ChainRegistry({
      storage,
      logsPath,
      serverIdentity: server.publicKey,
      trustMode: this.trustMode,
      openChainsMax: 10,
      segmentBytesMax: segmentBytesMax[this.trustMode],
      now: () => this.timeUnixMs,
      logger: { warn: (_fields, message) => this.notices.push(message) },
      ...changes,
    });
    this.#lease = await this.#registry.openOrCreate(parseChainKey(chainKey), this.#genesis);
    if (this.placed.length === 0) this.#place(this.#genesis, 0, 0);
  }

  /** Use the chain no more, and have the registry close it when it likes. */
  release(): void {
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
  }

  async close(): Promise<void> {
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
    await this.#registry?.close();
  }

  /** Append a batch, and wait until it is durable. */
  async append(writer: number, events: readonly PlannedEvent[]): Promise<void> {
    const isData = events.every(({ kind }) => kind === 'data');
    await this.appendBuilt(writer, events.map(buildPlanned), { isSigned: !isData });
  }

  /** As `append`, of events that a test has built. */
  async appendBuilt(
    writer: number,
    built: readonly BuiltEvent[],
    how = { isSigned: true },
  ): Promise<void> {
    const by = this.writers[writer] as TestWriter;
    const isSigned = this.trustMode === 'distributed' || how.isSigned;
    const seen = this.namesHeads ? { asOf: this.chain.log.durable.head } : {};
    const { run, sealHash } = await by.make(built, seen, isSigned ? [by.key] : []);
    const prepared = await this.chain.prepare(run, () => true);
    this.timeUnixMs += 1;
    const { durable } = this.chain.submit(prepared);
    this.#place(run, writer, this.timeUnixMs);
    by.counter += 1;
    by.previous = sealHash;
    await durable;
  }

  #place(run: Buffer, writer: number, timeUnixMs: number): void {
    const last = this.placed.at(-1);
    const firstSequence = last === undefined ? 0 : last.firstSequence + last.batch.count;
    this.placed.push({ batch: parseBatch(run), writer, firstSequence, timeUnixMs });
  }

  /** Compact as somebody asks for, where the chain is read and written. */
  async compact(
    options: { readonly storage?: Storage; readonly isAsked?: boolean; horizonMs?: number } = {},
  ): Promise<CompactionReport> {
    const { storage = this.storage, isAsked = true, horizonMs = 0 } = options;
    // What was committed now isn't younger than a horizon of nothing.
    this.timeUnixMs += 1;
    return this.chain.compaction.run({
      runner: new CompactionHere(storage),
      what: 'compact',
      isAsked,
      horizonMs,
      signal: new AbortController().signal,
    });
  }

  /** All batches as the chain has them now. */
  async read(): Promise<Batch[]> {
    const { log } = this.chain;
    const batches: Batch[] = [];
    for (let position = log.startPosition(); ; ) {
      const { bytes, next } = await log.readSlice(position, { bytesMax: 1_500 });
      if (bytes.length === 0) return batches;
      for (const { run, commit } of splitSlice(bytes)) {
        const at = this.placed[batches.length];
        expect(commit.commit).toBe(batches.length);
        expect(commit.firstSequence).toBe(at?.firstSequence);
        expect(commit.sealHash.equals(at?.batch.seal.hash ?? noBytes)).toBe(true);
        batches.push(parseBatch(Buffer.from(run)));
      }
      position = next;
    }
  }

  /**
   * Check that the chain is what was appended, but for data that may be gone.
   *
   * @param acknowledged at least so many batches are there; absent: all.
   * @returns sequences of events whose data is gone.
   */
  async check(acknowledged = this.placed.length): Promise<number[]> {
    const read = await this.read();
    expect(read.length).toBeGreaterThanOrEqual(acknowledged);
    // What was not acknowledged may be lost, and is no more then.
    this.placed.length = read.length;
    const gone: number[] = [];
    for (const [place, batch] of read.entries()) {
      const { batch: original, firstSequence } = this.placed[place] as Placed;
      expect(batch.seal.bytes.equals(original.seal.bytes)).toBe(true);
      expect(batch.count).toBe(original.count);
      for (const [index, event] of batch.events.entries()) {
        const before = original.eventAt(index);
        expect(event.headerBytes.equals(before.headerBytes)).toBe(true);
        if (event.dataState === 0) {
          expect(event.data.equals(before.data)).toBe(true);
          expect(event.salt?.equals(before.salt ?? noBytes) ?? before.salt === undefined).toBe(
            true,
          );
          continue;
        }
        expect(event.dataState).toBe(dataStates.dropped);
        expect(event.data.length + (event.salt?.length ?? 0)).toBe(0);
        gone.push(firstSequence + index);
      }
    }
    const allowed = new Set(this.mayGo());
    expect(gone.filter((sequence) => !allowed.has(sequence))).toEqual([]);
    const { log } = this.chain;
    expect(await log.tree.rootAt(read.length)).toEqual(log.durable.head.root);
    return gone;
  }

  /** What may ever be dropped, by a list of all events: superseded data without authority, of closed segments or not. */
  mayGo(): number[] {
    const newest = new Map<string, number>();
    this.#each((key, sequence) => newest.set(key, sequence));
    const sequences: number[] = [];
    this.#each((key, sequence, kind) => {
      if (kind === 'data' && newest.get(key) !== sequence) sequences.push(sequence);
    });
    return sequences;
  }

  /** Of each object the sequence of the newest event, by a list of all events. */
  async checkNewest(): Promise<void> {
    for (let object = 0; object < 5; object += 1) {
      let newest: number | undefined;
      this.#each((key, sequence) => {
        if (key === keyOf(object).toString('hex')) newest = sequence;
      });
      expect(await this.chain.newestOf(keyOf(object))).toBe(newest);
    }
  }

  #each(tell: (key: string, sequence: number, kind: 'data' | 'other') => void): void {
    for (const { batch, firstSequence } of this.placed) {
      for (const [index, { header }] of batch.events.entries()) {
        if (header.kind !== 'data' && header.kind !== 'tombstone') continue;
        const isDroppable =
          header.kind === 'data' && batch.authorityOf(index).authorisation === undefined;
        const key = header.primaryKey?.toString('hex') ?? '';
        tell(key, firstSequence + index, isDroppable ? 'data' : 'other');
      }
    }
  }

  /** What a survey of the files says, with no server there. */
  async survey(storage: Storage = this.storage): Promise<readonly string[]> {
    const { chainId } = this.writers[0] as TestWriter;
    const found = await surveyLog({ storage, folder: chainFolder, identify: () => chainId });
    return [...found.damages.map(({ file, what }) => `${file}: ${what}`), ...found.notes];
  }

  /** Names of files in the chain's folder. */
  async files(storage: Storage = this.storage): Promise<string[]> {
    const names = await storage.list(chainFolder);
    return names.filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  }
}

const noBytes = Buffer.alloc(0);

/** The primary key of an object. */
export const keyOf = (object: number): Buffer => Buffer.alloc(16, object + 1);

function buildPlanned({ kind, object, bytes }: PlannedEvent): BuiltEvent {
  const primaryKey = keyOf(object);
  if (kind === 'tombstone') return testEvent('', { kind, primaryKey });
  const rules = { authorisation: { write: { kind: 'inherit' as const } } };
  const authority = kind === 'ruled' ? { authority: rules } : {};
  return testEvent(randomBytes(bytes), { primaryKey, ...authority });
}
