import { frameHeadBytes, frameTypes } from './frames.ts';

/** Whom frames are handed to. Buffers are the reader's own memory: to be used, or copied, at once. */
export interface FrameTarget {
  /** Some of the payload of a data frame, as it came. */
  onData(stream: number, bytes: Buffer): void;
  /** A data frame is complete. */
  onDataEnd(stream: number, flags: number): void;
  /** Any other frame. */
  onFrame(type: number, flags: number, stream: number, payload: Buffer): void;
}

/** Takes frames out of a stream of bytes, however it is cut. Data is handed on as it comes, other frames when they are whole. */
export class FrameReader {
  readonly #target: FrameTarget;
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headFilled = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Of the payload of the frame that is being read. */
  #bytesDue = 0;
  #parts: Buffer[] = [];

  constructor(target: FrameTarget) {
    this.#target = target;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headFilled < frameHeadBytes) {
        at = this.#readHead(chunk, at);
        if (this.#headFilled < frameHeadBytes) return;
        if (this.#bytesDue > 0) continue;
      }
      at = this.#readPayload(chunk, at);
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    let source = chunk;
    let offset = at;
    const isWhole = this.#headFilled === 0 && chunk.length - at >= frameHeadBytes;
    let end = at + frameHeadBytes;
    if (!isWhole) {
      end = Math.min(chunk.length, at + frameHeadBytes - this.#headFilled);
      chunk.copy(this.#head, this.#headFilled, at, end);
      this.#headFilled += end - at;
      if (this.#headFilled < frameHeadBytes) return end;
      source = this.#head;
      offset = 0;
    }
    this.#headFilled = frameHeadBytes;
    this.#bytesDue = source.readUIntBE(offset, 3);
    this.#type = source[offset + 3] as number;
    this.#flags = source[offset + 4] as number;
    this.#stream = source.readUInt32BE(offset + 5) & 0x7fff_ffff;
    return end;
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#bytesDue);
    this.#bytesDue -= end - at;
    const isWhole = this.#bytesDue === 0;
    if (isWhole) this.#headFilled = 0;
    const bytes = chunk.subarray(at, end);
    if (this.#type === frameTypes.data) {
      if (bytes.length > 0) this.#target.onData(this.#stream, bytes);
      if (isWhole) this.#target.onDataEnd(this.#stream, this.#flags);
    } else if (!isWhole) {
      this.#parts.push(Buffer.from(bytes));
    } else {
      const payload = this.#parts.length === 0 ? bytes : Buffer.concat([...this.#parts, bytes]);
      this.#parts = [];
      this.#target.onFrame(this.#type, this.#flags, this.#stream, payload);
    }
    return end;
  }
}
