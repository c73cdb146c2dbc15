import type { ChildQuery, ChildRow } from '../bytes/index.ts';
import { type Batch, type KeyUnchanged, parseSealOfRun, splitSlice } from '../event/index.ts';
import type { ChainLog } from '../log/index.ts';
import { addRows } from './child-rows.ts';
import { MemoryKeys } from './memory-keys.ts';

const sliceBytesMax = 1024 * 1024;

/** Closed segments whose keys wait in memory to be written; of those before, the files are made when they are needed. */
const waitingMax = 2;

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
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    for (const { segment } of [...log.keys.spansBelow(end)]) {
      if (log.keys.isWithout(segment, view)) continue;
      const found = await log.keys.find(segment, key);
      if (found !== undefined) return found.newest;
    }
    return undefined;
  }

  /**
   * Where events have put objects, as far as is known: for each child that some event has put at the parent, the newest that did. Whether it is
   * there still its other events say.
   *
   * @returns the first so many in their order, and the sequence below which all events were looked at. They may not be durable yet.
   */
  async placed(
    log: ChainLog,
    query: ChildQuery,
    countMax: number,
  ): Promise<{ readonly rows: readonly ChildRow[]; readonly end: number }> {
    const { end } = this.#tables.at(-1) as MemoryKeys;
    const start = this.memoryStart;
    const rows: ChildRow[] = [];
    for (const { children } of this.#tables)
      addRows(rows, children.find(query, countMax), countMax);
    for (const { segment } of [...log.keys.spansBelow(start)]) {
      addRows(rows, await log.keys.children(segment, query, countMax), countMax);
    }
    return { rows, end };
  }

  /** Sequence of the newest event of rules, at a sequence or above, that has moved an object; undefined where there is none. */
  async moveOf(log: ChainLog, key: Buffer, since: number): Promise<number | undefined> {
    const start = this.memoryStart;
    for (const { children } of [...this.#tables].reverse()) {
      const found = children.moveOf(key);
      if (found !== undefined) return found < since ? undefined : found;
    }
    for (const { segment, nextSequence } of [...log.keys.spansBelow(start)]) {
      if (nextSequence <= since) return undefined;
      const found = await log.keys.moveOf(segment, key);
      if (found !== undefined) return found < since ? undefined : found;
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
    const { table, children, writers } = keys;
    await log.keys.write(segment, { table, children, writers: writers.ids });
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
        active.addRun(run, { ...commit, writerId: parseSealOfRun(run).writerId });
      }
      position = next;
    }
    const before = this.#tables.filter(({ firstSequence }) => firstSequence < active.firstSequence);
    this.#tables = [...before, active];
  }
}

/**
 * Sequence after the newest event of any other writer on an object, as closed segments have it. Where what came since then may be forgotten, under
 * a snapshot, it is taken for changed unless what is there shows that it isn't: so a condition may fail that held, and never the other way round.
 */
async function closedEndOfOthers(
  log: ChainLog,
  { primaryKey, sinceSequence }: KeyUnchanged,
  writerId: Buffer,
  end: number,
): Promise<number> {
  const forgottenBefore = log.rewriting.forgotten?.before ?? 0;
  // Whoever has never seen the object asks since 0: nothing is there that it could have missed.
  const isKnown = sinceSequence === 0 || sinceSequence >= forgottenBefore;
  const view = new DataView(primaryKey.buffer, primaryKey.byteOffset, primaryKey.length);
  for (const { segment, nextSequence } of [...log.keys.spansBelow(end)]) {
    // What is older is of no matter to the condition.
    if (nextSequence <= sinceSequence && isKnown) return 0;
    if (log.keys.isWithout(segment, view)) continue;
    const found = await log.keys.find(segment, primaryKey);
    if (found === undefined) continue;
    const others = found.writerId.equals(writerId) ? found.endOfOthers : found.newest + 1;
    if (others > sinceSequence) return others;
    if (isKnown && others > 0) return others;
    if (isKnown) continue;
    // Nothing newer of the object has ever been there: that would have taken this event with it.
    if (found.newest < sinceSequence) return 0;
    if (found.newest < forgottenBefore) return found.newest + 1;
  }
  return isKnown ? 0 : forgottenBefore;
}
