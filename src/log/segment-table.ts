import { AtedbError } from '../bytes/index.ts';
import { parseSegmentFileName } from './layout.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import type { SparseIndex } from './sparse-index.ts';

/** The segment that is written to, with where its durable batches lie. */
export interface LiveSegment extends ActiveSegment {
  /** It is never rewritten. */
  readonly generation: 0;
  readonly index: SparseIndex;
}

/** The segments of a chain, in order. Their numbers have no gap. */
export class SegmentTable {
  readonly #closed: ClosedSegment[];
  #active: LiveSegment;
  #closedBytes = 0;

  constructor(closed: readonly ClosedSegment[], active: LiveSegment) {
    this.#closed = [...closed];
    this.#active = active;
    for (const { bytes } of closed) this.#closedBytes += bytes;
  }

  /** Size of all segments in bytes, of the active one as far as it is durable. It is asked for with each append, and counted where it changes. */
  get bytes(): number {
    return this.#closedBytes + this.#active.index.end.offset;
  }

  get closed(): readonly ClosedSegment[] {
    return this.#closed;
  }

  get active(): LiveSegment {
    return this.#active;
  }

  get count(): number {
    return this.#closed.length + 1;
  }

  /** Number of the first segment. */
  get first(): number {
    return (this.#closed[0] ?? this.#active).segment;
  }

  /** The active segment is closed now, and another one takes its place. */
  roll(closed: ClosedSegment, active: LiveSegment): void {
    this.#closed.push(closed);
    this.#closedBytes += closed.bytes;
    this.#active = active;
  }

  /** The file of a closed segment is another one now, with the same batches. */
  replace(segment: ClosedSegment): void {
    const place = segment.segment - this.first;
    this.#closedBytes += segment.bytes - (this.#closed[place]?.bytes ?? 0);
    this.#closed[place] = segment;
  }

  /** Whether a name is that of a file of it now, and not of one that was rewritten. */
  hasFile(name: string): boolean {
    const found = parseSegmentFileName(name);
    return found !== undefined && this.at(found.segment)?.generation === found.generation;
  }

  /** A segment by its number, or undefined where there is none. */
  at(segment: number): ClosedSegment | LiveSegment | undefined {
    return segment === this.#active.segment ? this.#active : this.#closed[segment - this.first];
  }

  /** As `at`, for a segment that a position names. */
  get(segment: number): ClosedSegment | LiveSegment {
    const found = this.at(segment);
    if (found !== undefined) return found;
    throw new AtedbError('SEQUENCE_OUT_OF_RANGE', `the log has no segment ${segment}`);
  }

  /** Number of the last segment whose first commit or sequence is at most `value`; of the first for one below all. */
  holding(column: 'firstCommit' | 'firstSequence', value: number): number {
    if (this.#active[column] <= value) return this.#active.segment;
    let low = 0;
    let high = this.#closed.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#closed[middle] as ClosedSegment)[column] <= value) low = middle;
      else high = middle;
    }
    return this.first + low;
  }
}
