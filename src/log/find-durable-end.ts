import { unsyncedBytesMax } from './log-limits.ts';

/** How far a segment is whole, and what is there after it. Offsets in bytes from the file's start. */
export interface SegmentEnd {
  /** Where the last whole batch ends. */
  readonly end: number;
  readonly fileBytes: number;
  /** The highest offset that something whole in the file says was durable. */
  readonly provenDurable: number;
  /** What is wrong at `end`, unless the file ends there or has its footer there. */
  readonly fault: SegmentFault | undefined;
}

/** Why the batches of a segment end before its file does. */
export interface SegmentFault {
  readonly what: string;
  /** Whether the bytes are whole and say what can't be: no crash leaves that behind. */
  readonly contradiction: boolean;
}

/** What the end of a segment is; see `findDurableEnd`. */
export type DurableEnd = 'whole' | 'tail' | 'damage';

/**
 * Decide whether a segment may be written on.
 *
 * - `whole`: every byte is accounted for.
 * - `tail`: what follows the last whole batch had never been acknowledged, as far as the file can tell: a crash tore
 *   it. It may be cut off once it is set aside.
 * - `damage`: bytes are wrong or gone that had been durable, or that a crash can't have left so. Nothing may be cut.
 */
export function findDurableEnd({ end, fileBytes, provenDurable, fault }: SegmentEnd): DurableEnd {
  if (end < provenDurable) return 'damage';
  if (fault === undefined) return 'whole';
  if (fault.contradiction || fileBytes - end > unsyncedBytesMax) return 'damage';
  return 'tail';
}
