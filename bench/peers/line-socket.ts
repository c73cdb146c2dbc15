import { connect, type Socket } from 'node:net';

/** Takes what has come, and returns how much of it was whole; the rest is handed on again with what comes next. */
export type Taker = (bytes: Buffer) => number;

/** A connection of a protocol of lines: what is sent in one turn is one write. */
export class LineSocket {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #out: Buffer[] = [];

  /** @param onFailure called once, when the connection is lost. */
  constructor(port: number, take: Taker, onFailure: (error: Error) => void) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#rest = bytes.subarray(take(bytes));
    });
    this.#socket.on('error', onFailure);
    this.#socket.on('close', () => onFailure(new Error('the connection was closed')));
  }

  write(bytes: Buffer): void {
    this.#out.push(bytes);
    if (this.#out.length > 1) return;
    queueMicrotask(() => {
      const out = this.#out;
      this.#out = [];
      this.#socket.write(out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out));
    });
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }
}

const carriageReturn = 13;

/** Where the line that begins here ends, before its CR LF; -1 where it isn't whole yet. */
export function endOfLine(bytes: Buffer, at: number): number {
  for (let end = at; end + 1 < bytes.length; end += 1) {
    if (bytes[end] === carriageReturn) return end;
  }
  return -1;
}

/** The decimal number between two offsets. */
export function decimal(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + (bytes[at] as number) - 48;
  return value;
}
