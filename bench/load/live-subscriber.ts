import type { BenchChain } from './bench-chain.ts';
import { RawClient } from './raw-client.ts';
import { batchesOf, isCaughtUp, subscribePath, subscribeRequest } from './subscribe.ts';

/** Follows a chain on a connection of its own, and sees that every event comes once and in order. */
export class LiveSubscriber {
  readonly #client: RawClient;
  readonly #failure = Promise.withResolvers<never>();
  #nextSequence: number;
  #onEvents: (events: number) => void = () => undefined;

  private constructor(chain: BenchChain, nextSequence: number) {
    this.#client = new RawClient(chain.server.address);
    this.#nextSequence = nextSequence;
    this.#failure.promise.catch(() => undefined);
  }

  /** Subscribe, and wait until what comes is live. */
  static async start(chain: BenchChain, sequence: number): Promise<LiveSubscriber> {
    const subscriber = new LiveSubscriber(chain, sequence);
    const { chainKey } = chain;
    const from = { case: 'sequence' as const, value: BigInt(sequence) };
    await new Promise<void>((resolve, reject) => {
      subscriber.#client
        .receive(subscribePath, subscribeRequest({ chainKey, from }), (message) => {
          if (isCaughtUp(message)) resolve();
          else subscriber.#take(message);
          return false;
        })
        .then(() => reject(new Error('a subscription ended')), reject);
    });
    return subscriber;
  }

  /** Wait for so many events from a sequence on. Returns when each of them came. */
  async expect(sequence: number, events: number): Promise<number[]> {
    if (sequence !== this.#nextSequence) {
      throw new Error(`${this.#nextSequence} is due next, not ${sequence}`);
    }
    const { promise, resolve } = Promise.withResolvers<number[]>();
    const timesMs: number[] = [];
    this.#onEvents = (count) => {
      const nowMs = performance.now();
      for (let each = 0; each < count; each += 1) timesMs.push(nowMs);
      if (timesMs.length >= events) resolve(timesMs);
    };
    return Promise.race([promise, this.#failure.promise]);
  }

  close(): void {
    this.#client.close();
  }

  #take(message: Buffer): void {
    for (const { commit } of batchesOf(message)) {
      if (commit.firstSequence !== this.#nextSequence) {
        const why = `${commit.firstSequence} came, and ${this.#nextSequence} was due`;
        this.#failure.reject(new Error(why));
        return;
      }
      this.#nextSequence += commit.events;
      this.#onEvents(commit.events);
    }
  }
}
