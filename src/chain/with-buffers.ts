import type { ClosedSegment } from '../log/index.ts';

/** Buffers become plain arrays of bytes on their way to a thread. */
export function withBuffers(segment: ClosedSegment): ClosedSegment {
  const { sha256, originalSha256 } = segment;
  return { ...segment, sha256: Buffer.from(sha256), originalSha256: Buffer.from(originalSha256) };
}
