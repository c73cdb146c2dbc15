import { ByteBudget } from './byte-budget.ts';
import { messageHeadBytes } from './framed-message.ts';

/** Room before a slice: for gRPC's head of the message, and for the tag and the length of the field that it is sent in. */
export const sliceHeadBytes = messageHeadBytes + 8;

/** Bytes of the log in one message: large enough that its cost a message doesn't count. */
export const sliceBytesMax = 256 * 1024;
/** Of a stream's first slice, of those to a slow reader, and of all where memory is short. */
export const sliceBytesSmall = 64 * 1024;

/** How long memory that nobody uses is kept, so that the next slice needs none from the system. */
const unusedMs = 10_000;

/**
 * The memory that slices of logs are read to and sent from, of all streams of a server together. It is taken for one slice and
 * given back when that was sent, so a stream that waits holds none; who finds none left waits for it.
 */
export class SliceMemory {
  readonly budget: ByteBudget;
  readonly #unused = new Map<number, Buffer[]>();
  #unusedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.onWaiting called each time that somebody has to wait. */
  constructor(options: { readonly bytesMax: number; readonly onWaiting?: () => void }) {
    this.budget = new ByteBudget(options);
  }

  /** Whether there is little left: who has something in flight had better not read ahead. */
  get isShort(): boolean {
    return this.budget.free < this.budget.bytesMax / 2;
  }

  /** Bytes that one slice may have: little where there is little left, so that some is left for others. */
  get sliceBytesMax(): number {
    return this.budget.free / 16 >= sliceBytesMax ? sliceBytesMax : sliceBytesSmall;
  }

  /**
   * Memory for a slice, behind room for its heads, as soon as there is some.
   *
   * @throws the signal's reason.
   */
  async take(sliceBytes: number, signal: AbortSignal): Promise<Buffer> {
    const bytes = sliceHeadBytes + roundedUp(sliceBytes);
    await this.budget.acquire(bytes, signal);
    const unused = this.#reuse(bytes);
    if (unused !== undefined) return unused;
    this.#makeRoom();
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Memory of that size that nobody uses; or a larger one, which is better used than thrown away. */
  #reuse(bytes: number): Buffer | undefined {
    for (const size of [bytes, sliceHeadBytes + sliceBytesMax]) {
      const unused = this.#unused.get(size);
      if (unused === undefined || unused.length === 0 || size < bytes) continue;
      if (size > bytes && !this.budget.tryTake(size - bytes)) continue;
      this.#unusedBytes -= size;
      return unused.pop();
    }
    return undefined;
  }

  /** What lies there in other sizes is not to be had beside what is used: so much of it goes as has to. */
  #makeRoom(): void {
    for (const [size, unused] of this.#unused) {
      while (unused.length > 0 && this.#unusedBytes + this.budget.used > this.budget.bytesMax) {
        unused.pop();
        this.#unusedBytes -= size;
      }
    }
  }

  /** Give memory back that nobody looks at any more. */
  giveBack(memory: Buffer): void {
    const { length } = memory;
    if (length <= sliceHeadBytes + sliceBytesMax) {
      this.#unusedBytes += length;
      const sameSize = this.#unused.get(length);
      if (sameSize === undefined) this.#unused.set(length, [memory]);
      else sameSize.push(memory);
      this.#timer ??= setTimeout(() => this.#dropUnused(), unusedMs).unref();
    }
    this.budget.release(length);
  }

  #dropUnused(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unused.clear();
    this.#unusedBytes = 0;
  }

  /** Give memory up that the transport may still look at: it isn't used again. */
  giveUp(memory: Buffer): void {
    this.budget.release(memory.length);
  }
}

/** Memory comes in two sizes, so that what one stream gives back fits the next one. What is larger has memory of its own. */
function roundedUp(bytes: number): number {
  if (bytes > sliceBytesMax) return bytes;
  return bytes > sliceBytesSmall ? sliceBytesMax : sliceBytesSmall;
}
