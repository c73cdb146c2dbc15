import { frameHead } from '../../bytes/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { logField, logMessage } from './messages.ts';

/** Bytes of the log in one message: large enough that its cost a message doesn't count, one in flight a stream. */
export const sliceBytesMax = 512 * 1024;

/** Room before the slice for the tag and the length of the field that it is sent in. */
const headBytesMax = 8;

/**
 * The memory of one stream that sends slices: each is read to where the last one was, right behind the head of its
 * message. Slices in memory of their own, and copied into messages, would keep the garbage collector busy for longer
 * than all else that a replay costs.
 */
export class SliceRoom {
  #memory: Buffer | undefined;

  /** Read the slice at a position. It is overwritten by the next one. */
  read(log: ChainLog, position: Position): Promise<{ bytes: Buffer; next: Position }> {
    // What is shared at the tail needs no memory of ours.
    const into = log.isAtTail(position) ? undefined : this.#forSlice();
    return log.readSlice(position, { bytesMax: sliceBytesMax, ...(into && { into }) });
  }

  /** The message that carries a slice, or the beginning of one, that was just read. To be sent before the next is read. */
  message(slice: Buffer): Buffer {
    const memory = this.#memory;
    const isHere =
      slice.buffer === memory?.buffer && slice.byteOffset === memory.byteOffset + headBytesMax;
    if (memory === undefined || !isHere) return logMessage(slice);
    const head = frameHead(logField, slice.length);
    const start = headBytesMax - head.length;
    memory.set(head, start);
    return memory.subarray(start, headBytesMax + slice.length);
  }

  /** Let go of the memory, until the next slice that needs it. */
  release(): void {
    this.#memory = undefined;
  }

  #forSlice(): Buffer {
    this.#memory ??= Buffer.allocUnsafeSlow(headBytesMax + sliceBytesMax);
    return this.#memory.subarray(headBytesMax);
  }
}
