import { segmentReplayDefault } from './log-limits.ts';

/** What a batch takes on opening beside its events, in what an event takes: measured, 12 to 16 µs against 1 to 1.5. */
const replayOfBatch = 12;
/** Of a snapshot, so many bytes take as long to write, and to read again, as an event takes on opening. */
const snapshotBytesOfEvent = 64;

/** When a segment is full. */
export interface SegmentLimits {
  /** Bytes of its file. */
  readonly bytesMax: number;
  /** What opening the chain takes to go through it, in events. */
  readonly replayMax?: number | undefined;
}

/**
 * How full the segment is that batches are given their places in. It ends by its bytes, and by what opening the chain would take to
 * go through it: for that, small events and small batches count more than their bytes say.
 */
export class SegmentFill {
  readonly #bytesMax: number;
  readonly #replayMax: number;
  #bytes = 0;
  #batches = 0;
  #events = 0;
  #snapshotBytes = 0;

  constructor({ bytesMax, replayMax = segmentReplayDefault }: SegmentLimits) {
    this.#bytesMax = bytesMax;
    this.#replayMax = replayMax;
  }

  /** Whether no batch has its place in it. */
  get isEmpty(): boolean {
    return this.#batches === 0;
  }

  /** A segment begins, with a header of so many bytes. */
  begin(bytes: number): void {
    this.set({ bytes, batches: 0, events: 0 });
  }

  /** The state before it is known: where that is large, segments are longer, or writing it would take more than all else. */
  beginsWith(snapshot: readonly Buffer[]): void {
    this.#snapshotBytes = snapshot.reduce((sum, { length }) => sum + length, 0);
  }

  /** A segment is as it was found. */
  set(is: { readonly bytes: number; readonly batches: number; readonly events: number }): void {
    this.#bytes = is.bytes;
    this.#batches = is.batches;
    this.#events = is.events;
  }

  /** Whether a batch has room in it. One that is alone always has. */
  hasRoom(bytes: number, events: number): boolean {
    if (this.isEmpty) return true;
    const replay = this.#events + events + replayOfBatch * (this.#batches + 1);
    const replayMax = Math.max(this.#replayMax, this.#snapshotBytes / snapshotBytesOfEvent);
    return this.#bytes + bytes <= this.#bytesMax && replay <= replayMax;
  }

  /** A batch has its place in it. */
  add(bytes: number, events: number): void {
    this.#bytes += bytes;
    this.#batches += 1;
    this.#events += events;
  }
}
