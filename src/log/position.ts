/** A place between two batches of a chain's log. */
export interface Position {
  readonly segment: number;
  /** Of the segment's file that the offset is in: in one that was rewritten since, batches lie elsewhere. */
  readonly generation: number;
  /** In the segment's file, in bytes; 0 stands for where its first batch begins. */
  readonly offset: number;
  /** Number of the commit that comes next. */
  readonly commit: number;
  /** Sequence of the event that comes next. */
  readonly sequence: number;
  /** The commits right before the one that comes next are gone, and it may be, too: the offset is that of the gap that stands for all of them. */
  readonly isWithinGap?: true;
}
