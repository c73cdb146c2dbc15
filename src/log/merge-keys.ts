import { bytesAt, entryBytes, keyBytes, newestAt } from './keys-layout.ts';

/** Gives entries of keys, in the order of their keys, some at a time; undefined when there are no more. */
export type ReadEntries = () => Promise<Buffer | undefined>;

/** What is told of the entries of one source. */
export interface EntrySink {
  readonly read: ReadEntries;
  /**
   * Told of each entry whose key no later source has.
   *
   * @param newest what the entry says of its newest event: its sequence, less the first of its source.
   * @param bytes of data and salt of that event.
   */
  readonly onNewest: (newest: number, bytes: number) => void;
}

/** Where a source is read. */
class EntryCursor {
  readonly place: number;
  readonly #sink: EntrySink;
  block: Buffer = Buffer.alloc(0);
  at = 0;
  /** The first four bytes of the key at hand: most keys differ in them. */
  head = 0;

  constructor(place: number, sink: EntrySink) {
    this.place = place;
    this.#sink = sink;
  }

  /** Go on to the next entry, if it is at hand. */
  step(): boolean {
    this.at += entryBytes;
    if (this.at >= this.block.length) return false;
    this.head = this.block.readUInt32BE(this.at);
    return true;
  }

  /** Read on. @returns whether there is an entry. */
  async fill(): Promise<boolean> {
    this.block = (await this.#sink.read()) ?? Buffer.alloc(0);
    this.at = 0;
    if (this.block.length === 0) return false;
    this.head = this.block.readUInt32BE(0);
    return true;
  }

  tell(): void {
    const newest = this.block.readUInt32LE(this.at + newestAt);
    this.#sink.onNewest(newest, this.block.readUInt32LE(this.at + bytesAt));
  }
}

/**
 * Go through the sorted keys of several segments at once, and tell each of those whose key no later one has: these are the
 * newest events of their objects. Memory is a block a source.
 *
 * @param sources in the order of their segments.
 * @param rest called now and then, so that others have their turns; ends it by throwing.
 * @throws what reading throws.
 */
export async function mergeKeys(
  sources: readonly EntrySink[],
  rest: () => Promise<void> | undefined,
): Promise<void> {
  const heap: EntryCursor[] = [];
  for (const [place, source] of sources.entries()) {
    const cursor = new EntryCursor(place, source);
    if (await cursor.fill()) push(heap, cursor);
  }
  while (heap.length > 0) {
    // Of equal keys the one of the last source comes first.
    const newest = heap[0] as EntryCursor;
    newest.tell();
    const { block, at } = newest;
    for (let first: EntryCursor | undefined = newest; first !== undefined; ) {
      const isThere = first.step() || (await nextBlock(first, rest));
      if (isThere) sink(heap, 0);
      else pop(heap);
      const following: EntryCursor | undefined = heap[0];
      first = following !== undefined && isSameKey(following, block, at) ? following : undefined;
    }
  }
}

async function nextBlock(
  cursor: EntryCursor,
  rest: () => Promise<void> | undefined,
): Promise<boolean> {
  await rest();
  return cursor.fill();
}

function isSameKey({ block, at }: EntryCursor, other: Buffer, otherAt: number): boolean {
  return block.compare(other, otherAt, otherAt + keyBytes, at, at + keyBytes) === 0;
}

/** Whether a cursor's entry comes before another's. */
function isBefore(a: EntryCursor, b: EntryCursor): boolean {
  if (a.head !== b.head) return a.head < b.head;
  const order = a.block.compare(b.block, b.at, b.at + keyBytes, a.at, a.at + keyBytes);
  return order === 0 ? a.place > b.place : order < 0;
}

function push(heap: EntryCursor[], cursor: EntryCursor): void {
  heap.push(cursor);
  for (let child = heap.length - 1; child > 0; ) {
    const parent = (child - 1) >>> 1;
    if (!isBefore(heap[child] as EntryCursor, heap[parent] as EntryCursor)) return;
    swap(heap, child, parent);
    child = parent;
  }
}

/** Take the first one out. */
function pop(heap: EntryCursor[]): void {
  const last = heap.pop() as EntryCursor;
  if (heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

/** Put one in its place that may have to go down. */
function sink(heap: EntryCursor[], from: number): void {
  for (let parent = from; ; ) {
    const left = 2 * parent + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const isRight =
      right < heap.length && isBefore(heap[right] as EntryCursor, heap[left] as EntryCursor);
    const child = isRight ? right : left;
    if (!isBefore(heap[child] as EntryCursor, heap[parent] as EntryCursor)) return;
    swap(heap, child, parent);
    parent = child;
  }
}

function swap(heap: EntryCursor[], a: number, b: number): void {
  const one = heap[a] as EntryCursor;
  heap[a] = heap[b] as EntryCursor;
  heap[b] = one;
}
