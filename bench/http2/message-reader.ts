import { messageHeadBytes } from './frames.ts';

/** Puts the messages of one gRPC stream together. */
export class MessageReader {
  readonly #onMessage: (message: Buffer) => void;
  readonly #head = Buffer.alloc(messageHeadBytes);
  #headFilled = 0;
  #messageBytes = 0;
  /** Memory of the message that is being put together; kept for the next. */
  #memory = Buffer.alloc(0);
  #filled = 0;

  /** @param onMessage called with memory that is used again: what is kept must be copied. */
  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(bytes: Buffer): void {
    let at = 0;
    for (;;) {
      if (this.#headFilled < messageHeadBytes) {
        const end = Math.min(bytes.length, at + messageHeadBytes - this.#headFilled);
        bytes.copy(this.#head, this.#headFilled, at, end);
        this.#headFilled += end - at;
        at = end;
        if (this.#headFilled < messageHeadBytes) return;
        if (this.#head[0] !== 0) throw new Error('the server compresses, and was not asked to');
        this.#messageBytes = this.#head.readUInt32BE(1);
        this.#filled = 0;
      }
      const end = Math.min(bytes.length, at + this.#messageBytes - this.#filled);
      const isWhole = this.#filled === 0 && end - at === this.#messageBytes;
      if (isWhole) {
        this.#headFilled = 0;
        this.#onMessage(bytes.subarray(at, end));
      } else {
        if (this.#memory.length < this.#messageBytes) {
          const grown = Buffer.allocUnsafeSlow(this.#messageBytes);
          this.#memory.copy(grown, 0, 0, this.#filled);
          this.#memory = grown;
        }
        bytes.copy(this.#memory, this.#filled, at, end);
        this.#filled += end - at;
        if (this.#filled < this.#messageBytes) return;
        this.#headFilled = 0;
        this.#onMessage(this.#memory.subarray(0, this.#messageBytes));
      }
      at = end;
    }
  }
}
