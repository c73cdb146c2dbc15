import { halfSipHash } from './half-sip-hash.ts';
import { keepFirst } from './keep-first.ts';

/**
 * Of an entry: its parent's, its collection's and its own key's four words, then these. The first byte of a word is the most
 * significant: who compares words as unsigned numbers has the order of the bytes.
 */
const entryWords = 16;
const collectionAt = 4;
const keyAt = 8;
const sequenceAt = 12;
/** One more than the distance of the event of rules that has moved it last; 0 for none. */
const movedAt = 13;
const hashAt = 14;
/** The node that stands for it among the children of its parent. */
const nodeAt = 15;
/** Of a parent: its key's four words, its hash, and the node that came last, plus one. */
const parentWords = 6;
const parentHashAt = 4;
const lastNodeAt = 5;
/** Of a node: its entry, and the node of the same parent before it, plus one; 0 for none. */
const nodeWords = 2;

const keyWords = 4;
const rowWords = 3 * keyWords;
/** Of a collection and a key. */
const orderWords = 2 * keyWords;
/** Children that are gathered at least, before those beyond as many as are wanted are let go. */
const foundMin = 64;
const entriesMin = 16;
const distanceMax = 0xffff_fffe;

/** Bytes of a collection and a key: what children of one parent are ordered by. */
export const childOrderBytes = 32;

/** Bytes of a row as `writeRow` writes it. */
export const childRowBytes = 52;

/** A child, where an event has put it. */
export interface ChildRow {
  /** Its collection (16 zeros for none), then its primary key. */
  readonly order: Buffer;
  /** Sequence of the newest event that says where it is. */
  readonly sequence: number;
}

/** Which children are sought. */
export interface ChildQuery {
  /** 16 bytes; zeros for the root of the chain. */
  readonly parent: Buffer;
  /** 16 bytes; undefined: of any collection, or none. */
  readonly collection: Buffer | undefined;
  /** Those whose `order` is above this; undefined: from the first one on. */
  readonly after: Buffer | undefined;
}

/**
 * Where events of some part of a chain have put objects: of each the newest place, by its parent. In flat arrays, 80 to 160
 * bytes an object, as `KeyTable`, and with places that depend on a secret, since keys are other people's choice.
 */
export class ChildTable {
  readonly keyWords = rowWords;
  readonly #k0: number;
  readonly #k1: number;
  /** By hash of the child's key: the number of an entry and one, or 0. */
  #slots = new Int32Array(2 * entriesMin);
  #entries = new Int32Array(entriesMin * entryWords);
  #count = 0;
  /** By hash of the parent's key: the number of a parent and one, or 0. */
  #parentSlots = new Int32Array(2 * entriesMin);
  #parents = new Int32Array(entriesMin * parentWords);
  #parentCount = 0;
  #nodes = new Int32Array(entriesMin * nodeWords);
  #nodeCount = 0;
  /** Entries that an event of rules has moved. */
  readonly #moved: number[] = [];
  #base = 0;

  /** @param secret at least 8 random bytes. */
  constructor(secret: Buffer) {
    this.#k0 = secret.readInt32LE(0);
    this.#k1 = secret.readInt32LE(4);
  }

  /** Number of rows: one for each object, and another one for each that an event of rules has moved. */
  get size(): number {
    return this.#count + this.#moved.length;
  }

  /** How many objects an event of rules has moved. */
  get moves(): number {
    return this.#moved.length;
  }

  /**
   * Take note of an event that says where an object is. Sequences rise from call to call, and are all within 2^32 of the first
   * one.
   *
   * @param bytes where the event lies, with the object's key at `key`.
   * @param parent offset of the parent's key; -1: the root of the chain.
   * @param collection offset of the collection; -1: none.
   * @param isMove whether it is an event of rules.
   */
  add(
    bytes: Buffer,
    key: number,
    parent: number,
    collection: number,
    sequence: number,
    isMove: boolean,
  ): void {
    if (this.#count === 0) this.#base = sequence;
    const distance = sequence - this.#base;
    if (distance > distanceMax) throw new RangeError('a table of children spans 2^32 events');
    const w0 = wordAt(bytes, key);
    const w1 = wordAt(bytes, key + 4);
    const w2 = wordAt(bytes, key + 8);
    const w3 = wordAt(bytes, key + 12);
    const hash = halfSipHash(w0, w1, w2, w3, this.#k0, this.#k1);
    const slot = this.#slotOf(hash, w0, w1, w2, w3);
    const found = (this.#slots[slot] as number) - 1;
    const number = found >= 0 ? found : this.#count;
    const entries = this.#entries;
    const at = number * entryWords;
    const p0 = parent < 0 ? 0 : wordAt(bytes, parent);
    const p1 = parent < 0 ? 0 : wordAt(bytes, parent + 4);
    const p2 = parent < 0 ? 0 : wordAt(bytes, parent + 8);
    const p3 = parent < 0 ? 0 : wordAt(bytes, parent + 12);
    const isThere = found >= 0 && isAt(entries, at, p0, p1, p2, p3);
    if (!isThere) setFour(entries, at, p0, p1, p2, p3);
    for (let word = 0; word < keyWords; word += 1) {
      entries[at + collectionAt + word] = collection < 0 ? 0 : wordAt(bytes, collection + 4 * word);
    }
    entries[at + sequenceAt] = distance;
    if (isMove) {
      if (found < 0 || entries[at + movedAt] === 0) this.#moved.push(number);
      entries[at + movedAt] = distance + 1;
    }
    if (found < 0) {
      setFour(entries, at + keyAt, w0, w1, w2, w3);
      entries[at + hashAt] = hash;
      this.#count += 1;
      this.#slots[slot] = this.#count;
    }
    if (!isThere) entries[at + nodeAt] = this.#addNode(number, p0, p1, p2, p3);
    if (this.#count * entryWords === entries.length) this.#grow();
  }

  /** Sequence of the newest event of rules that has moved an object; undefined for none. */
  moveOf(key: Buffer): number | undefined {
    const [w0, w1, w2, w3] = wordsAt(key);
    const hash = halfSipHash(w0, w1, w2, w3, this.#k0, this.#k1);
    const entry = (this.#slots[this.#slotOf(hash, w0, w1, w2, w3)] as number) - 1;
    const moved = entry < 0 ? 0 : (this.#entries[entry * entryWords + movedAt] as number) >>> 0;
    return moved === 0 ? undefined : this.#base + moved - 1;
  }

  /**
   * Children of a parent, the first so many in their order. It looks at all that the parent has here, and takes as long for each whatever order they
   * came in, which is other people's choice.
   */
  find({ parent, collection, after }: ChildQuery, countMax: number): ChildRow[] {
    /** Offsets of entries. */
    const found: number[] = [];
    const foundMax = Math.max(2 * countMax, foundMin);
    const entries = this.#entries;
    const nodes = this.#nodes;
    const [p0, p1, p2, p3] = wordsAt(parent);
    const known = (this.#parentSlots[this.#parentSlotOf(p0, p1, p2, p3)] as number) - 1;
    let node = known < 0 ? 0 : (this.#parents[known * parentWords + lastNodeAt] as number);
    const [c0, c1, c2, c3] = wordsAt(collection ?? parent);
    const least = after && orderOf(after);
    const order = (one: number, other: number) => compareEntries(entries, one, other);
    let most = -1;
    for (; node > 0; node = nodes[(node - 1) * nodeWords + 1] as number) {
      const at = (nodes[(node - 1) * nodeWords] as number) * entryWords;
      // It may have left the parent, or come back to it, since.
      if (entries[at + nodeAt] !== node - 1) continue;
      if (collection !== undefined && !isAt(entries, at + collectionAt, c0, c1, c2, c3)) continue;
      if (least !== undefined && compare(entries, at + collectionAt, least, 0) <= 0) continue;
      if (most >= 0 && order(at, most) >= 0) continue;
      found.push(at);
      if (found.length === foundMax) most = keepFirst(found, countMax, order);
    }
    found.sort(order);
    return found.slice(0, countMax).map((at) => this.#rowAt(at));
  }

  #rowAt(at: number): ChildRow {
    const order = Buffer.alloc(childOrderBytes);
    for (let word = 0; word < orderWords; word += 1) {
      order.writeInt32BE(this.#entries[at + collectionAt + word] as number, 4 * word);
    }
    const sequence = this.#base + ((this.#entries[at + sequenceAt] as number) >>> 0);
    return { order, sequence };
  }

  /**
   * Four bytes of a row's keys, the first one being the most significant; words are counted over its parent, its collection and
   * its key. Rows behind those of objects stand for moves: their parent is the object itself.
   */
  wordOf(row: number, word: number): number {
    return this.#wordAt(row, word) >>> 0;
  }

  #wordAt(row: number, word: number): number {
    if (row < this.#count) return this.#entries[row * entryWords + word] as number;
    if (word >= collectionAt && word < keyAt) return 0;
    const at = (this.#moved[row - this.#count] as number) * entryWords;
    return this.#entries[at + keyAt + (word % keyWords)] as number;
  }

  /**
   * Write a row to 52 bytes: parent, collection and key, then its sequence as a little-endian 32-bit integer, less
   * `firstSequence`, which is none above the first one that came.
   */
  writeRow(row: number, target: DataView, at: number, firstSequence: number): void {
    for (let word = 0; word < rowWords; word += 1) {
      target.setInt32(at + 4 * word, this.#wordAt(row, word), false);
    }
    const isMove = row >= this.#count;
    const entry = isMove ? (this.#moved[row - this.#count] as number) : row;
    const distance = isMove
      ? (this.#entries[entry * entryWords + movedAt] as number) - 1
      : (this.#entries[entry * entryWords + sequenceAt] as number);
    target.setInt32(at + 4 * rowWords, distance + this.#base - firstSequence, true);
  }

  #addNode(entry: number, p0: number, p1: number, p2: number, p3: number): number {
    const parent = this.#parentOf(p0, p1, p2, p3);
    const node = this.#nodeCount;
    if (node * nodeWords === this.#nodes.length) this.#nodes = doubled(this.#nodes);
    this.#nodes[node * nodeWords] = entry;
    this.#nodes[node * nodeWords + 1] = this.#parents[parent * parentWords + lastNodeAt] as number;
    this.#nodeCount += 1;
    this.#parents[parent * parentWords + lastNodeAt] = this.#nodeCount;
    return node;
  }

  /** The number of a parent, which gets one if it has none. */
  #parentOf(p0: number, p1: number, p2: number, p3: number): number {
    const slot = this.#parentSlotOf(p0, p1, p2, p3);
    const found = (this.#parentSlots[slot] as number) - 1;
    if (found >= 0) return found;
    const parent = this.#parentCount;
    const at = parent * parentWords;
    setFour(this.#parents, at, p0, p1, p2, p3);
    this.#parents[at + parentHashAt] = this.#parentHash(p0, p1, p2, p3);
    this.#parentCount += 1;
    this.#parentSlots[slot] = this.#parentCount;
    if (this.#parentCount * parentWords === this.#parents.length) {
      this.#parents = doubled(this.#parents);
      this.#parentSlots = rehashed(this.#parents, parentWords, parentHashAt, this.#parentCount);
    }
    return parent;
  }

  #parentHash(p0: number, p1: number, p2: number, p3: number): number {
    return halfSipHash(p0, p1, p2, p3, this.#k1, this.#k0);
  }

  #parentSlotOf(p0: number, p1: number, p2: number, p3: number): number {
    const mask = this.#parentSlots.length - 1;
    for (let slot = this.#parentHash(p0, p1, p2, p3) & mask; ; slot = (slot + 1) & mask) {
      const at = ((this.#parentSlots[slot] as number) - 1) * parentWords;
      if (at < 0 || isAt(this.#parents, at, p0, p1, p2, p3)) return slot;
    }
  }

  /** The slot that a child has, or that is free for it. */
  #slotOf(hash: number, w0: number, w1: number, w2: number, w3: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = ((this.#slots[slot] as number) - 1) * entryWords;
      if (at < 0 || isAt(this.#entries, at + keyAt, w0, w1, w2, w3)) return slot;
    }
  }

  #grow(): void {
    this.#entries = doubled(this.#entries);
    this.#slots = rehashed(this.#entries, entryWords, hashAt, this.#count);
  }
}

/** Where an order belongs among sorted rows. */
export function placeFor(rows: readonly ChildRow[], order: Buffer): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as ChildRow).order.compare(order) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** Slots for entries that are all different: the first free one is theirs. At most half of them are taken. */
function rehashed(
  entries: Int32Array,
  words: number,
  hashWord: number,
  count: number,
): Int32Array<ArrayBuffer> {
  const slots = new Int32Array((2 * entries.length) / words);
  const mask = slots.length - 1;
  for (let entry = 0; entry < count; entry += 1) {
    let slot = (entries[entry * words + hashWord] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }
  return slots;
}

function isAt(
  array: Int32Array,
  at: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): boolean {
  return array[at] === w0 && array[at + 1] === w1 && array[at + 2] === w2 && array[at + 3] === w3;
}

function setFour(
  array: Int32Array,
  at: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): void {
  array[at] = w0;
  array[at + 1] = w1;
  array[at + 2] = w2;
  array[at + 3] = w3;
}

/** Whether the words of an order come before others: below 0, 0, or above. */
function compare(one: Int32Array, at: number, other: Int32Array, otherAt: number): number {
  for (let word = 0; word < orderWords; word += 1) {
    const a = (one[at + word] as number) >>> 0;
    const b = (other[otherAt + word] as number) >>> 0;
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

/** As `compare`, of two entries by their offsets. */
function compareEntries(entries: Int32Array, one: number, other: number): number {
  return compare(entries, one + collectionAt, entries, other + collectionAt);
}

/** The words of an order. */
function orderOf(order: Buffer): Int32Array {
  return Int32Array.from({ length: orderWords }, (_, word) => order.readInt32BE(4 * word));
}

/** A key's words. */
function wordsAt(key: Buffer): readonly [number, number, number, number] {
  return [wordAt(key, 0), wordAt(key, 4), wordAt(key, 8), wordAt(key, 12)];
}

function wordAt(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
