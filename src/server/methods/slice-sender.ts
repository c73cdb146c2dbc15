import { framedBytes, frameHead } from '../../bytes/index.ts';
import { type ChainLog, omitLargeData, type Position } from '../../log/index.ts';
import { FramedMessage, messageHeadBytes } from '../framed-message.ts';
import type { SendingCall } from '../method.ts';
import {
  type SliceMemory,
  sliceBytesMax,
  sliceBytesSmall,
  sliceHeadBytes,
} from '../slice-memory.ts';
import { logField } from './messages.ts';

/** A reader that takes a slice in less time gets a large one next, and one that needs more a small one. */
const quickMs = 250;
const slowMs = 1_000;

/**
 * Sends slices of a log, each from where it was read to, right behind its heads: one is read while the one before is
 * on its way. Slices in memory of their own would keep the garbage collector busy for longer than all else that a replay costs.
 *
 * A reader that takes nothing holds one slice: what was read ahead for it is given back after a second, and read again
 * when it goes on. The first slice is small; a reader that takes it gets large ones.
 */
export class SliceSender implements Disposable {
  readonly #call: SendingCall;
  readonly #memory: SliceMemory;
  /** Data of more bytes is left out; undefined: none is. */
  readonly #dataUpTo: number | undefined;
  /** What was read to, and isn't sent yet. */
  #read: Buffer | undefined;
  #bytesMax = sliceBytesSmall;
  #isSending = false;
  #sending: Promise<void> = Promise.resolve();

  /** @param dataUpTo data of more bytes is left out. Absent: none is. */
  constructor(call: SendingCall, memory: SliceMemory, dataUpTo?: number) {
    this.#call = call;
    this.#memory = memory;
    this.#dataUpTo = dataUpTo;
  }

  /**
   * Read the slice at a position; meanwhile the one before is sent. It is to be sent before the next is read.
   *
   * @throws as `ChainLog.readSlice`; what the call is over with.
   */
  async read(log: ChainLog, position: Position): Promise<{ bytes: Buffer; next: Position }> {
    const { bytes, next } = await this.#readWhole(log, position);
    const dataUpTo = this.#dataUpTo;
    if (dataUpTo === undefined) return { bytes, next };
    // What others read too must not be changed.
    const into = bytes.buffer === this.#read?.buffer ? bytes : undefined;
    return { bytes: omitLargeData(bytes, { dataUpTo, into }), next };
  }

  async #readWhole(log: ChainLog, position: Position): Promise<{ bytes: Buffer; next: Position }> {
    this.#giveBack();
    // At the tail all are sent the same messages, so all ask for the same.
    if (log.isAtTail(position)) return log.readSlice(position, { bytesMax: sliceBytesMax });
    if (this.#isSending && this.#memory.isShort) await this.#sending;
    const memoryFor = async (bytes: number) => {
      this.#read = await this.#memory.take(bytes, this.#call.signal);
      return this.#read.subarray(sliceHeadBytes);
    };
    const bytesMax = Math.min(this.#bytesMax, this.#memory.sliceBytesMax);
    return log.readSlice(position, { bytesMax, memoryFor });
  }

  /**
   * Send the slice that was just read, or the beginning of it. Resolves when the one before has been taken by the
   * transport, which is when the next may be read.
   *
   * @returns whether it was sent; if not, it was given back while the one before was waited for, and is to be read again.
   */
  async send(slice: Buffer): Promise<boolean> {
    if (this.#isSending && !(await within(slowMs, this.#sending))) {
      this.#giveBack();
      await this.#sending;
      return false;
    }
    await this.#sending;
    const memory = this.#read;
    const isHere =
      slice.buffer === memory?.buffer && slice.byteOffset === memory.byteOffset + sliceHeadBytes;
    if (memory !== undefined && isHere) {
      this.#read = undefined;
      this.#begin(this.#sendOwn(memory, slice.length));
    } else {
      this.#begin(sendShared(this.#call, this.#memory, slice));
    }
    return true;
  }

  /** Resolves when the transport has taken all. */
  async finish(): Promise<void> {
    await this.#sending;
  }

  /** Give the memory back of what was read and not sent. What is on its way is given back by itself. */
  [Symbol.dispose](): void {
    this.#giveBack();
  }

  #begin(sending: Promise<void>): void {
    this.#isSending = true;
    const sinceMs = performance.now();
    const done = sending.then(() => {
      this.#isSending = false;
      this.#resize(performance.now() - sinceMs);
    });
    // It is seen by the next to wait for it.
    done.catch(() => undefined);
    this.#sending = done;
  }

  #resize(tookMs: number): void {
    if (tookMs < quickMs) this.#bytesMax = sliceBytesMax;
    else if (tookMs > slowMs) this.#bytesMax = sliceBytesSmall;
  }

  async #sendOwn(memory: Buffer, sliceBytes: number): Promise<void> {
    const { budget } = this.#memory;
    // It isn't waited for: who holds a slice and waits for more would keep others waiting, who do the same.
    const sealedBytes = isSealed(this.#call) ? sliceBytes : 0;
    budget.take(sealedBytes);
    try {
      await this.#call.send(framed(memory, sliceHeadBytes, sliceBytes));
    } catch (error) {
      this.#memory.giveUp(memory);
      throw error;
    } finally {
      budget.release(sealedBytes);
    }
    this.#memory.giveBack(memory);
  }

  #giveBack(): void {
    if (this.#read !== undefined) this.#memory.giveBack(this.#read);
    this.#read = undefined;
  }
}

/** A message that may be on its way to many. */
interface SharedMessage {
  readonly slice: Buffer;
  readonly message: FramedMessage;
  holders: number;
}

/** Of each chunk of memory that slices lie in, the last message that was made of it. */
const messages = new WeakMap<ArrayBufferLike, SharedMessage>();

/** Whether what is sent in a call is sealed for it, in memory of its own, and lies there until the peer takes it. */
function isSealed({ exporter }: SendingCall): boolean {
  return exporter !== undefined;
}

/**
 * Send a slice that others may read too and that never changes. However many hold its message, it counts once; but what is sealed
 * of it counts for each.
 */
async function sendShared(call: SendingCall, memory: SliceMemory, slice: Buffer): Promise<void> {
  const bytes = slice.length + sliceHeadBytes;
  if (isSealed(call)) {
    await memory.budget.acquire(bytes, call.signal);
    try {
      await call.send((sharedMessage(slice) ?? makeShared(slice)).message);
    } finally {
      memory.budget.release(bytes);
    }
    return;
  }
  const isCounted = (sharedMessage(slice)?.holders ?? 0) > 0;
  if (!isCounted) await memory.budget.acquire(bytes, call.signal);
  const shared = sharedMessage(slice) ?? makeShared(slice);
  // Somebody else may have come to hold it while this one waited.
  if (!isCounted && shared.holders > 0) memory.budget.release(bytes);
  shared.holders += 1;
  try {
    await call.send(shared.message);
  } finally {
    shared.holders -= 1;
    if (shared.holders === 0) memory.budget.release(bytes);
  }
}

/**
 * The message with a slice, if it was made: subscribers at the tail of a chain are all sent the same one.
 */
function sharedMessage(slice: Buffer): SharedMessage | undefined {
  const last = messages.get(slice.buffer);
  const isSame = last?.slice.byteOffset === slice.byteOffset && last.slice.length === slice.length;
  return isSame ? last : undefined;
}

function makeShared(slice: Buffer): SharedMessage {
  const bytes = Buffer.allocUnsafeSlow(messageHeadBytes + framedBytes(logField, slice.length));
  const start = bytes.length - slice.length;
  bytes.set(slice, start);
  const shared = { slice, message: framed(bytes, start, slice.length), holders: 0 };
  messages.set(slice.buffer, shared);
  return shared;
}

/** Put the heads before a slice that lies at `start`. */
function framed(memory: Buffer, start: number, sliceBytes: number): FramedMessage {
  const head = frameHead(logField, sliceBytes);
  memory.set(head, start - head.length);
  const from = start - head.length - messageHeadBytes;
  return new FramedMessage(memory.subarray(from, start + sliceBytes));
}

/** Whether something is done in so many milliseconds. @throws what it fails with. */
async function within(limitMs: number, done: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), limitMs);
  try {
    return await Promise.race([done.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}
