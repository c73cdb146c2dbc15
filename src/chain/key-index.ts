import { KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import {
  type Batch,
  dataBytesAt,
  eachPrimaryKey,
  type KeyUnchanged,
  kindData,
  layoutOf,
  layoutStride,
  parseSealOfRun,
  splitSlice,
  WriterNumbers,
  writesObject,
} from '../event/index.ts';
import type { ChainLog } from '../log/index.ts';

const sliceBytesMax = 1024 * 1024;

/** Closed segments whose keys wait in memory to be written; of those before, the files are made when they are needed. */
const waitingMax = 2;

/** The keys of some segment's events, in memory. */
class MemoryKeys {
  readonly firstSequence: number;
  readonly table = new KeyTable(randomSecret());
  readonly writers = new WriterNumbers();

  constructor(firstSequence: number) {
    this.firstSequence = firstSequence;
  }

  /** Take note of a batch that was just taken apart. */
  addBatch({ bytes, layout, count, seal }: Batch, firstSequence: number): void {
    const writer = this.writers.numberOf(seal.writerId);
    for (let index = 0; index < count; index += 1) {
      const at = layout[index * layoutStride + layoutOf.keyStart] as number;
      const kind = layout[index * layoutStride + layoutOf.kind] as number;
      if (!writesObject(kind) || at === 0) continue;
      const dataBytes = kind === kindData ? dataBytesAt(layout, index) : 0;
      this.table.add(bytes, at, firstSequence + index, writer, dataBytes);
    }
  }

  /** Take note of a batch that was checked before. */
  addRun(run: Buffer, firstSequence: number, writerId: Buffer): void {
    const writer = this.writers.numberOf(writerId);
    eachPrimaryKey(run, (event, at, dataBytes) =>
      this.table.add(run, at, firstSequence + event, writer, dataBytes),
    );
  }

  endOfOthers(key: Buffer, writerId: Buffer): number {
    const found = this.table.find(key);
    if (found === undefined) return 0;
    const isOwn = found.writer === this.writers.find(writerId);
    return isOwn ? found.endOfOthers : found.newest + 1;
  }
}

/** What closed segments say of the objects that a batch's conditions are about. */
export interface ClosedFacts {
  /** What is below this sequence was looked at. */
  readonly end: number;
  /** Sequence after the newest event of any other writer, by condition. */
  readonly endOfOthers: ReadonlyMap<KeyUnchanged, number>;
}

/**
 * Which objects a chain has, who wrote them last, and where. What came lately is in memory, and includes what has its
 * place and isn't durable yet; the rest is in a file beside each closed segment.
 */
export class KeyIndex {
  /** Oldest first, without a gap; the last one is the active segment's. Those before it wait to be written. */
  #tables: MemoryKeys[];
  #writing: Promise<void> = Promise.resolve();

  /** @param firstSequence of the first batch that will be added: that of a segment. */
  constructor(firstSequence: number) {
    this.#tables = [new MemoryKeys(firstSequence)];
  }

  /** What is at or above this sequence is in memory. */
  get memoryStart(): number {
    return (this.#tables[0] as MemoryKeys).firstSequence;
  }

  /** Take note of a batch that has its place. */
  addBatch(batch: Batch, firstSequence: number, startsSegment: boolean): void {
    if (startsSegment) this.beginSegment(firstSequence);
    this.#tables.at(-1)?.addBatch(batch, firstSequence);
  }

  /** The active segment is being closed: what comes next, from this sequence on, is in another. */
  beginSegment(firstSequence: number): void {
    this.#tables.push(new MemoryKeys(firstSequence));
  }

  /** What the active segment has of data: all of its events, and those that are the newest in it. Bytes, with their salt. */
  get activeBytes(): { readonly dataBytes: number; readonly newestBytes: number } {
    const { dataBytes, newestBytes } = (this.#tables.at(-1) as MemoryKeys).table;
    return { dataBytes, newestBytes };
  }

  /** Take note of a batch of the active segment, while that is read. */
  add(batch: Batch, firstSequence: number): void {
    this.#tables.at(-1)?.addBatch(batch, firstSequence);
  }

  /** Sequence after the newest event of anyone but this writer on an object, of all there is; 0 for none. */
  endOfOthers(condition: KeyUnchanged, writerId: Buffer, closed: ClosedFacts): number {
    if (this.isStale(closed)) throw new Error('a stale batch is to be refreshed before its turn');
    let end = closed.endOfOthers.get(condition) ?? 0;
    for (const table of this.#tables) {
      end = Math.max(end, table.endOfOthers(condition.primaryKey, writerId));
    }
    return end;
  }

  /** Whether what was found in closed segments leaves a gap to what is in memory: then they are to be asked again. */
  isStale({ end }: ClosedFacts): boolean {
    return end < this.memoryStart;
  }

  /** Ask the closed segments that aren't in memory about the objects of some conditions. */
  async askClosed(
    log: ChainLog,
    conditions: readonly KeyUnchanged[],
    writerId: Buffer,
  ): Promise<ClosedFacts> {
    const end = this.memoryStart;
    const endOfOthers = new Map<KeyUnchanged, number>();
    for (const condition of conditions) {
      endOfOthers.set(condition, await closedEndOfOthers(log, condition, writerId, end));
    }
    return { end, endOfOthers };
  }

  /** Sequence of the newest event of an object; undefined where there is none. It may not be durable yet. */
  async newest(log: ChainLog, key: Buffer): Promise<number | undefined> {
    for (const { table } of [...this.#tables].reverse()) {
      const found = table.find(key);
      if (found !== undefined) return found.newest;
    }
    const end = this.memoryStart;
    for (const { segment } of [...log.keys.spansBelow(end)]) {
      const found = await log.keys.find(segment, key);
      if (found !== undefined) return found.newest;
    }
    return undefined;
  }

  /** Resolves when no keys are being written. */
  written(): Promise<void> {
    return this.#writing;
  }

  /** A segment was closed: write its keys, and then forget them. */
  closed(log: ChainLog, segment: number): void {
    const first = log.keys.firstSequenceOf(segment) ?? 0;
    const waiting = this.#tables.filter(({ firstSequence }) => firstSequence <= first).length;
    // Only those of segments that the log knows to be closed may go: their files can be made from the segments.
    if (waiting > waitingMax) this.#tables.splice(0, waiting - waitingMax);
    this.#writing = this.#writing.then(() => this.#write(log, segment));
  }

  async #write(log: ChainLog, segment: number): Promise<void> {
    const first = log.keys.firstSequenceOf(segment);
    const keys = this.#tables.find(({ firstSequence }) => firstSequence === first);
    if (keys === undefined) return;
    await log.keys.write(segment, { table: keys.table, writers: keys.writers.ids });
    this.#tables = this.#tables.filter(({ firstSequence }) => firstSequence > keys.firstSequence);
  }

  /** What was added and isn't durable is lost: know only what the log has. */
  async rebuild(log: ChainLog): Promise<void> {
    let position = log.activeStart();
    const active = new MemoryKeys(position.sequence);
    for (;;) {
      const { bytes, next } = await log.readSlice(position, { bytesMax: sliceBytesMax });
      if (bytes.length === 0) break;
      for (const { run, commit } of splitSlice(bytes)) {
        active.addRun(run, commit.firstSequence, parseSealOfRun(run).writerId);
      }
      position = next;
    }
    const before = this.#tables.filter(({ firstSequence }) => firstSequence < active.firstSequence);
    this.#tables = [...before, active];
  }
}

async function closedEndOfOthers(
  log: ChainLog,
  { primaryKey, sinceSequence }: KeyUnchanged,
  writerId: Buffer,
  end: number,
): Promise<number> {
  for (const { segment, nextSequence } of [...log.keys.spansBelow(end)]) {
    // What is older is of no matter to the condition.
    if (nextSequence <= sinceSequence) return 0;
    const found = await log.keys.find(segment, primaryKey);
    if (found === undefined) continue;
    const others = found.writerId.equals(writerId) ? found.endOfOthers : found.newest + 1;
    if (others > 0) return others;
  }
  return 0;
}
