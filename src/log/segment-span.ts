import type { ActiveSegment, ClosedSegment } from './manifest.ts';

/** A closed segment of a chain, with where it begins and ends: what is derived from it and doesn't say the same is of another one. */
export interface SegmentSpan {
  readonly chainId: Buffer;
  readonly segment: number;
  /** Of its file. */
  readonly generation: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** Of the segment behind it. */
  readonly nextCommit: number;
  readonly nextSequence: number;
}

type Begin = Pick<ClosedSegment, 'segment' | 'generation' | 'firstCommit' | 'firstSequence'>;

/** The span of a closed segment. @param next the segment behind it. */
export function spanOf(
  chainId: Buffer,
  { segment, generation, firstCommit, firstSequence }: Begin,
  next: Pick<ActiveSegment, 'firstCommit' | 'firstSequence'>,
): SegmentSpan {
  return {
    chainId,
    segment,
    generation,
    firstCommit,
    firstSequence,
    nextCommit: next.firstCommit,
    nextSequence: next.firstSequence,
  };
}
