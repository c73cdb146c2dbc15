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

/** How far the events that are gone were hashed. */
export interface GoneState {
  /** Of the runs that have ended; 32 bytes. */
  readonly hash: Buffer;
  /** Sequence of the first event of the run that may go on; undefined for none. */
  readonly from: number | undefined;
}

/** Before the first event that is gone. */
export const nothingGone: GoneState = { hash: Buffer.alloc(32), from: undefined };

/** Hashes which events are gone, by their sequences, run by run: so that nothing has to be kept of what is there. */
export class GoneRuns {
  #hash: Buffer;
  #from: number | undefined;
  #end: number;

  /** @param state to go on from, and `end` the sequence up to which it says what is gone. */
  constructor(state: GoneState = nothingGone, end = 0) {
    this.#hash = state.hash;
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
    return { hash: this.#hash, from: this.#from };
  }

  /** The hash of all: nothing comes any more. */
  finish(): Buffer {
    this.#close();
    return this.#hash;
  }

  #close(): void {
    if (this.#from === undefined) return;
    const ends = Buffer.alloc(16);
    ends.writeBigUInt64BE(BigInt(this.#from), 0);
    ends.writeBigUInt64BE(BigInt(this.#end), 8);
    this.#hash = taggedHash(hashTags.gone, this.#hash, ends);
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
