// Which segments are rewritten: those of which enough is dead to be worth the writing.

/** What a segment has. */
export interface SegmentUse {
  /** Size of its file. */
  readonly bytes: number;
  /** Bytes of data and salt of its data events, those among them that are the newest of their objects, and superseded ones that have to stay. */
  readonly dataBytes: number;
  readonly newestBytes: number;
  readonly keptBytes: number;
}

/** From which part of dead bytes on a segment is rewritten: it is read and written whole, for what it gives back. */
export const deadPartMin = 0.2;

/** And from how many on, in bytes: so that a small chain isn't rewritten with each change. */
export const deadBytesMin = 64 * 1024;

/** The active segment is closed, so that it can be rewritten, from so many dead bytes on: a roll costs files. */
export const activeDeadBytesMin = 2 * 1024 * 1024;

/** Bytes that rewriting a segment is expected to give back. */
export function deadBytes({
  dataBytes,
  newestBytes,
  keptBytes,
}: Omit<SegmentUse, 'bytes'>): number {
  return Math.max(0, dataBytes - newestBytes - keptBytes);
}

/** Whether a segment is to be rewritten. @param isAsked somebody wants all room back that there is. */
export function isWorthRewriting(use: SegmentUse, isAsked: boolean): boolean {
  // What had to stay when it was looked at last may not have to any more.
  if (isAsked) return use.dataBytes > use.newestBytes;
  const dead = deadBytes(use);
  return dead >= deadBytesMin && dead >= use.bytes * deadPartMin;
}

/** Whether the active segment is to be closed, so that it can be rewritten. */
export function isWorthClosing(use: SegmentUse, isAsked: boolean): boolean {
  return isWorthRewriting(use, isAsked) && (isAsked || deadBytes(use) >= activeDeadBytesMin);
}
