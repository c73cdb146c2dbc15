import type { ChainEvent } from './chain-event.ts';

/** Events in order, to be iterated once: one by one, or as they come, many at a time. */
export interface EventStream<Event extends ChainEvent = ChainEvent> extends AsyncIterable<Event> {
  /** The same events a slice of the log at a time, which costs less an event. None is empty. */
  chunks(): AsyncIterable<readonly Event[]>;
}

/** Make a stream of events from its chunks. */
export function eventStream<Event extends ChainEvent>(
  start: () => AsyncGenerator<readonly Event[], void, undefined>,
): EventStream<Event> {
  return {
    chunks: start,
    [Symbol.asyncIterator]: () => new Flattened(start()),
  };
}

/** Gives chunks out event by event; a generator would cost several promises an event. */
class Flattened<Event extends ChainEvent> implements AsyncIterator<Event, void, undefined> {
  readonly #chunks: AsyncGenerator<readonly Event[], void, undefined>;
  #chunk: readonly Event[] = [];
  #index = 0;

  constructor(chunks: AsyncGenerator<readonly Event[], void, undefined>) {
    this.#chunks = chunks;
  }

  next(): Promise<IteratorResult<Event, void>> {
    const value = this.#chunk[this.#index];
    if (value === undefined) return this.#nextChunk();
    this.#index += 1;
    return Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<Event, void>> {
    this.#chunk = [];
    await this.#chunks.return();
    return { done: true, value: undefined };
  }

  async #nextChunk(): Promise<IteratorResult<Event, void>> {
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
