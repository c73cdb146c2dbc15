/**
 * The messages of a stream, in order, some of which are read before they are asked for: so that what is done with a message
 * as soon as it is read can be under way while the one before is still being worked on.
 */
export class ReadAhead<Message> {
  readonly #read: () => Promise<Message | undefined>;
  readonly #depth: () => number;
  readonly #signal: AbortSignal;
  readonly #queue: Promise<Message | undefined>[] = [];
  #newest: Promise<unknown> = Promise.resolve();

  /**
   * @param options.read reads the next message; undefined after the last. It is called when the one before is there.
   * @param options.depth how many messages are to be read beyond the one that is asked for.
   * @param options.signal ends it: then nothing is handed on any more, whatever was read.
   */
  constructor(options: {
    read: () => Promise<Message | undefined>;
    depth: () => number;
    signal: AbortSignal;
  }) {
    this.#read = options.read;
    this.#depth = options.depth;
    this.#signal = options.signal;
  }

  /**
   * The next message; undefined after the last.
   *
   * @throws what `read` throws, in its turn; the signal's reason.
   */
  async next(): Promise<Message | undefined> {
    this.#signal.throwIfAborted();
    while (this.#queue.length <= this.#depth()) this.#queue.push(this.#readNext());
    return this.#queue.shift();
  }

  #readNext(): Promise<Message | undefined> {
    // Behind one that failed nothing is read: it fails the same.
    const next = this.#newest.then(() => this.#read());
    // Nobody may ask for it any more.
    next.catch(() => undefined);
    this.#newest = next;
    return next;
  }
}
