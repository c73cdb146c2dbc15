import type { Writable } from 'node:stream';
import { InterruptedError } from './errors.ts';
import { listenForStop, type StopSignal } from './stop-signals.ts';

/** Small writes are put together up to this size: a call of the system costs more than a copy. */
const chunkBytesMax = 65_536;

/** Where a command's results go. Several may write; what they write keeps its order. */
export class Output {
  readonly #stream: Writable;
  readonly #gone = new AbortController();
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #flushing: Promise<void> | undefined;
  #failure: unknown;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure ??= error;
      this.#gone.abort(error);
    });
  }

  /** Fires when nothing written will arrive any more: the pipe's reader has gone, or writing failed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Write. Returns undefined when there is room for more, and else a promise of it to be awaited before going
   * on: so a slow reader costs bounded memory, and a fast one no promise for each event. The promise never
   * rejects: see `gone`, and `end`.
   */
  write(data: Buffer | string): Promise<void> | undefined {
    if (this.gone.aborted) return undefined;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= chunkBytesMax) return this.flush();
    // What is written in one go is sent together; what stands alone is sent without delay.
    if (this.#pending.length === 1) setImmediate(() => this.flush());
    return undefined;
  }

  /** Send what is written; resolves when the stream has room again, or is gone. */
  flush(): Promise<void> {
    this.#flushing ??= this.#sendPending().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Send all that is written. @throws What made writing fail, unless the reader has just gone. */
  async end(): Promise<void> {
    while (this.#pending.length > 0 && !this.gone.aborted) await this.flush();
    // An error of the last write is told in the next turn of the event loop.
    await new Promise(setImmediate);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #sendPending(): Promise<void> {
    while (this.#pending.length > 0 && !this.gone.aborted) {
      const chunk = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      if (!this.#stream.write(chunk)) await this.#drained();
    }
  }

  /** Waits for room, and for the end as well: a stream that has failed never drains. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#stream.off('drain', settle).off('close', settle);
        this.gone.removeEventListener('abort', settle);
        resolve();
      };
      this.#stream.on('drain', settle).on('close', settle);
      this.gone.addEventListener('abort', settle);
    });
  }
}

/**
 * Run a command that prints, such that Ctrl-C and a closed pipe end it cleanly.
 * @param run Gets where to print, and a signal that fires when it should end: at SIGINT, SIGTERM, and when
 *   the pipe's reader has gone. What it throws after the signal has fired is taken as the effect of that.
 * @throws InterruptedError after a signal; else what `run` throws. A reader that has gone is no error.
 */
export async function runWithOutput(
  run: (output: Output, signal: AbortSignal) => Promise<void>,
  stream: Writable = process.stdout,
): Promise<void> {
  const output = new Output(stream);
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const unlisten = listenForStop((signal) => {
    stoppedBy = signal;
    stop.abort(new InterruptedError(signal));
  });
  const ended = AbortSignal.any([stop.signal, output.gone]);
  try {
    await run(output, ended).catch(async (error) => {
      if (ended.aborted) return;
      // What was printed before the failure is still worth having.
      await output.end();
      throw error;
    });
    await output.end();
    if (stoppedBy !== undefined) throw new InterruptedError(stoppedBy);
  } finally {
    unlisten();
  }
}
