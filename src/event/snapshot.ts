import { FieldCursor, FieldWriter } from '../bytes/index.ts';
import { hashTags, taggedHash } from '../crypto/index.ts';

/** What of the first commits of a chain may be gone; see `atedb.v1.Snapshot`. Hashes are 32 bytes. */
export interface Snapshot {
  /** In commits. Also the horizon: what was made by an older head is refused. */
  readonly size: number;
  /** Of the tree of that size. */
  readonly treeRoot: Buffer;
  /** How many of their events stay. */
  readonly events: number;
  /** What goes, as `GoneRuns` hashes it. */
  readonly gone: Buffer;
  /** How many writers they have. */
  readonly writers: number;
  /** As `hashOfWriters` makes it. */
  readonly writersHash: Buffer;
}

/** Where a writer's chain of seals stands. */
export interface WriterSeal {
  /** 32 bytes. */
  readonly writerId: Buffer;
  /** Of its last batch. */
  readonly counter: number;
  /** Of that; 32 bytes. */
  readonly sealHash: Buffer;
}

/** Serialise what a snapshot says. */
export function snapshotBytes(snapshot: Snapshot): Buffer {
  return new FieldWriter()
    .varint(1, snapshot.size)
    .bytes(2, snapshot.treeRoot)
    .varint(3, snapshot.events)
    .bytes(4, snapshot.gone)
    .varint(5, snapshot.writers)
    .bytes(6, snapshot.writersHash)
    .finish();
}

/** Read what a snapshot says; the message is in the strict form. */
export function parseSnapshot(bytes: Buffer): Snapshot {
  const cursor = new FieldCursor(bytes);
  const numbers = [0, 0, 0, 0, 0, 0];
  const hashes: Buffer[] = [];
  while (cursor.next()) {
    if (cursor.wireType === 2) hashes.push(cursor.bytesValue());
    else numbers[cursor.field] = cursor.value;
  }
  const [, size = 0, , events = 0, , writers = 0] = numbers;
  const [treeRoot, gone, writersHash] = hashes as [Buffer, Buffer, Buffer];
  return { size, treeRoot, events, gone, writers, writersHash };
}

/** A run of events that are gone, and has ended. */
export interface GoneRun {
  /** The hash of those that ended before it; 32 bytes. */
  readonly before: Buffer;
  /** Sequence of its first event. */
  readonly first: number;
  /** Sequence behind its last one. */
  readonly end: number;
}

/** How far the events that are gone were hashed. */
export interface GoneState {
  /** The last run that has ended; undefined for none. What the hash is follows from it. */
  readonly last: GoneRun | undefined;
  /** Sequence of the first event of the run that may go on; undefined for none. */
  readonly from: number | undefined;
}

/** Before the first event that is gone. */
export const nothingGone: GoneState = { last: undefined, from: undefined };

/** Before the first run. */
export const goneHashNone: Buffer = Buffer.alloc(32);

/** Whether as much is gone by one as by the other. */
export function isSameGone(one: GoneState, other: GoneState): boolean {
  if (one.from !== other.from || one.last?.end !== other.last?.end) return false;
  return hashOfGone(one).equals(hashOfGone(other));
}

/** The hash of the runs that have ended. 32 bytes. */
function hashOfGone({ last }: GoneState): Buffer {
  if (last === undefined) return goneHashNone;
  const ends = Buffer.alloc(16);
  ends.writeBigUInt64BE(BigInt(last.first), 0);
  ends.writeBigUInt64BE(BigInt(last.end), 8);
  return taggedHash(hashTags.gone, last.before, ends);
}

/** Hashes which events are gone, by their sequences, run by run: so that nothing has to be kept of what is there. */
export class GoneRuns {
  #last: GoneRun | undefined;
  #from: number | undefined;
  #end: number;

  /** @param state to go on from, and `end` the sequence up to which it says what is gone. */
  constructor(state: GoneState = nothingGone, end = 0) {
    this.#last = state.last;
    this.#from = state.from;
    this.#end = end;
  }

  /** The events from `first` up to `end` are gone. They come in order. */
  add(first: number, end: number): void {
    if (first === end) return;
    if (this.#from === undefined || first !== this.#end) {
      this.#close();
      this.#from = first;
    }
    this.#end = end;
  }

  /** How far it is before the event of a sequence that none is gone of behind the last ones. */
  stateAt(sequence: number): GoneState {
    if (this.#from !== undefined && this.#end !== sequence) this.#close();
    return { last: this.#last, from: this.#from };
  }

  /** The hash of all: nothing comes any more. */
  finish(): Buffer {
    this.#close();
    return this.#hash;
  }

  get #hash(): Buffer {
    return hashOfGone({ last: this.#last, from: undefined });
  }

  #close(): void {
    if (this.#from === undefined) return;
    this.#last = { before: this.#hash, first: this.#from, end: this.#end };
    this.#from = undefined;
  }
}

/** The hash of where all writers stand, which a snapshot names. 32 bytes. */
export function hashOfWriters(writers: readonly WriterSeal[]): Buffer {
  const sorted = [...writers].sort((a, b) => Buffer.compare(a.writerId, b.writerId));
  const parts = sorted.map(({ writerId, counter, sealHash }) => {
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(counter));
    return Buffer.concat([writerId, number, sealHash]);
  });
  return taggedHash(hashTags.writers, Buffer.concat(parts));
}
