import type { ChainEvent } from './chain-event.ts';

/** Events in order, to be iterated once: one by one, or as they come, many at a time. */
export interface EventStream extends AsyncIterable<ChainEvent> {
  /** The same events a slice of the log at a time, which costs less an event. None is empty. */
  chunks(): AsyncIterable<readonly ChainEvent[]>;
}

/** Make a stream of events from its chunks. */
export function eventStream(
  start: () => AsyncGenerator<readonly ChainEvent[], void, undefined>,
): EventStream {
  return {
    chunks: start,
    [Symbol.asyncIterator]: () => new Flattened(start()),
  };
}

/** Gives chunks out event by event; a generator would cost several promises an event. */
class Flattened implements AsyncIterator<ChainEvent, void, undefined> {
  readonly #chunks: AsyncGenerator<readonly ChainEvent[], void, undefined>;
  #chunk: readonly ChainEvent[] = [];
  #index = 0;

  constructor(chunks: AsyncGenerator<readonly ChainEvent[], void, undefined>) {
    this.#chunks = chunks;
  }

  next(): Promise<IteratorResult<ChainEvent, void>> {
    const value = this.#chunk[this.#index];
    if (value === undefined) return this.#nextChunk();
    this.#index += 1;
    return Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<ChainEvent, void>> {
    this.#chunk = [];
    await this.#chunks.return();
    return { done: true, value: undefined };
  }

  async #nextChunk(): Promise<IteratorResult<ChainEvent, void>> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done) return { done: true, value: undefined };
      const [value] = next.value;
      this.#chunk = next.value;
      this.#index = 1;
      if (value !== undefined) return { done: false, value };
    }
  }
}
