import { decimal, endOfLine } from './line-socket.ts';

const [plus, minus, colon, dollar, star] = [...'+-:$*'].map((sign) => sign.charCodeAt(0));

/** Whom the parts of replies are handed to. */
export interface RespTarget {
  /** A string, and in how many arrays it lies. */
  onString?(depth: number, bytes: Buffer): void;
  /** A reply is whole; with what it says where it is an error. */
  onReply(error?: string): void;
}

/** Takes replies of RESP 2 apart without an object a value. */
export class RespReader {
  readonly #target: RespTarget;
  /** How many values are still to come, of each array that has begun. */
  readonly #open: number[] = [];
  #error: string | undefined;

  constructor(target: RespTarget) {
    this.#target = target;
  }

  /** Take all whole values. Returns how many bytes they were. */
  take(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const end = endOfLine(bytes, at);
      if (end < 0) return at;
      const kind = bytes[at];
      let next = end + 2;
      if (kind === dollar) {
        // A missing string is -1 long.
        const length = bytes[at + 1] === minus ? -2 : decimal(bytes, at + 1, end);
        if (bytes.length < next + length + 2) return at;
        if (length >= 0) this.#string(bytes.subarray(next, next + length));
        next += length + 2;
      } else if (kind === star) {
        const count = decimal(bytes, at + 1, end);
        if (count > 0) {
          this.#open.push(count);
          at = next;
          continue;
        }
      } else if (kind === minus) {
        this.#error ??= bytes.toString('utf8', at + 1, end);
      } else if (kind !== plus && kind !== colon) {
        throw new Error(`a reply begins with ${bytes.toString('latin1', at, at + 20)}`);
      }
      at = next;
      this.#valueEnded();
    }
  }

  #string(bytes: Buffer): void {
    this.#target.onString?.(this.#open.length, bytes);
  }

  #valueEnded(): void {
    while (this.#open.length > 0) {
      const left = (this.#open.at(-1) as number) - 1;
      if (left > 0) {
        this.#open[this.#open.length - 1] = left;
        return;
      }
      this.#open.pop();
    }
    const error = this.#error;
    this.#error = undefined;
    this.#target.onReply(error);
  }
}

/** A command, as a server takes it. */
export function command(...parts: readonly (string | Buffer)[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = Buffer.from(part as Buffer);
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}
