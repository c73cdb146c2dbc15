import type { ActiveSegment } from './manifest.ts';

/** A closed segment of a chain, with where it begins and ends: what is derived from it and doesn't say the same is of another one. */
export interface SegmentSpan {
  readonly chainId: Buffer;
  readonly segment: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** Of the segment behind it. */
  readonly nextCommit: number;
  readonly nextSequence: number;
}

type Begin = Pick<ActiveSegment, 'segment' | 'firstCommit' | 'firstSequence'>;

/** The span of a closed segment. @param next the segment behind it. */
export function spanOf(
  chainId: Buffer,
  { segment, firstCommit, firstSequence }: Begin,
  next: Pick<Begin, 'firstCommit' | 'firstSequence'>,
): SegmentSpan {
  return {
    chainId,
    segment,
    firstCommit,
    firstSequence,
    nextCommit: next.firstCommit,
    nextSequence: next.firstSequence,
  };
}
