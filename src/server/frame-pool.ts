/** Frames from this size on are pooled: making and clearing memory for them takes longer than encrypting them. */
const pooledBytesMin = 32 * 1024;

/** Room for a slice of the log with all that is around it. */
const pooledBytes = 320 * 1024;

/** Buffers that are kept when nobody uses them. */
const keptMax = 16;

const kept: Buffer[] = [];

/** Memory for a frame, to be given back once it was sent. What isn't given back is freed like all other memory. */
export function takeFrame(bytes: number): Buffer {
  if (bytes < pooledBytesMin || bytes > pooledBytes) return Buffer.allocUnsafe(bytes);
  return (kept.pop() ?? Buffer.allocUnsafeSlow(pooledBytes)).subarray(0, bytes);
}

/** Give memory back. Nobody may use it any more. */
export function giveFrame({ buffer, byteLength }: Buffer): void {
  const isPooled = buffer.byteLength === pooledBytes && byteLength >= pooledBytesMin;
  if (isPooled && kept.length < keptMax) kept.push(Buffer.from(buffer));
}
