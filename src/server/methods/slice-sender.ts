import { framedBytes, frameHead } from '../../bytes/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { FramedMessage, messageHeadBytes } from '../framed-message.ts';
import type { SendingCall } from '../method.ts';
import { logField } from './messages.ts';

/** Bytes of the log in one message: large enough that its cost a message doesn't count. */
export const sliceBytesMax = 512 * 1024;

/** Room before a slice: for gRPC's head of the message, and for the tag and the length of the field that it is sent in. */
const headBytesMax = messageHeadBytes + 8;

/**
 * Sends slices of a log, each from where it was read to, right behind its heads: one is read while the one before is
 * on its way. Memory for two is all that a stream takes, however long it is; slices in memory of their own would keep
 * the garbage collector busy for longer than all else that a replay costs.
 */
export class SliceSender {
  readonly #call: SendingCall;
  /** What is read to now, and what was read to before: that one may still be on its way. */
  #memory: Buffer | undefined;
  #memoryBefore: Buffer | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(call: SendingCall) {
    this.#call = call;
  }

  /** Read the slice at a position; meanwhile the one before is sent. It is to be sent before the next is read. */
  read(log: ChainLog, position: Position): Promise<{ bytes: Buffer; next: Position }> {
    // What is shared at the tail needs no memory of ours.
    const into = log.isAtTail(position) ? undefined : this.#forSlice();
    return log.readSlice(position, { bytesMax: sliceBytesMax, ...(into && { into }) });
  }

  /**
   * Send the slice that was just read, or the beginning of it. Resolves when the one before has been taken by the
   * transport, which is when the next may be read.
   */
  async send(slice: Buffer): Promise<void> {
    await this.#sending;
    this.#sending = this.#call.send(this.#messageOf(slice));
    [this.#memory, this.#memoryBefore] = [this.#memoryBefore, this.#memory];
  }

  /** Resolves when the transport has taken all; the memory is let go of then. */
  async finish(): Promise<void> {
    await this.#sending;
    this.#memory = undefined;
    this.#memoryBefore = undefined;
  }

  #messageOf(slice: Buffer): FramedMessage {
    const memory = this.#memory;
    const isHere =
      slice.buffer === memory?.buffer && slice.byteOffset === memory.byteOffset + headBytesMax;
    if (memory === undefined || !isHere) return sharedMessage(slice);
    return framed(memory, headBytesMax, slice.length);
  }

  #forSlice(): Buffer {
    this.#memory ??= Buffer.allocUnsafeSlow(headBytesMax + sliceBytesMax);
    return this.#memory.subarray(headBytesMax);
  }
}

/** Of each chunk of memory that slices lie in, the last message that was made of it. */
const messages = new WeakMap<ArrayBufferLike, { slice: Buffer; message: FramedMessage }>();

/**
 * The message with a slice that others may read too and that never changes: subscribers at the tail of a chain are all sent the
 * same one.
 */
function sharedMessage(slice: Buffer): FramedMessage {
  const last = messages.get(slice.buffer);
  if (last?.slice.byteOffset === slice.byteOffset && last.slice.length === slice.length) {
    return last.message;
  }
  const bytes = Buffer.allocUnsafeSlow(messageHeadBytes + framedBytes(logField, slice.length));
  const start = bytes.length - slice.length;
  bytes.set(slice, start);
  const message = framed(bytes, start, slice.length);
  messages.set(slice.buffer, { slice, message });
  return message;
}

/** Put the heads before a slice that lies at `start`. */
function framed(memory: Buffer, start: number, sliceBytes: number): FramedMessage {
  const head = frameHead(logField, sliceBytes);
  memory.set(head, start - head.length);
  const from = start - head.length - messageHeadBytes;
  return new FramedMessage(memory.subarray(from, start + sliceBytes));
}
