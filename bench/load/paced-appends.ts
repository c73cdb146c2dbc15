import type { Frames } from '../http2/frames.ts';
import { checkAnswers, createChain } from './append-session.ts';
import type { BenchChain } from './bench-chain.ts';
import type { MessageStream } from './message-stream.ts';
import { RawClient } from './raw-client.ts';
import type { SealedBatch } from './sealed-writer.ts';

interface Lane {
  readonly chain: BenchChain;
  readonly stream: MessageStream;
  batches: { readonly batch: SealedBatch; readonly message: Frames }[];
  sending: Promise<void>;
  appended: number;
}

/** Batches that each chain has ready before the clock starts. */
const readyEach = 40;
const tickMs = 4;

/** Appends at a steady pace, to many chains in turn: a load that is the same whatever it meets. */
export class PacedAppends {
  readonly #client: RawClient;
  readonly #lanes: readonly Lane[];

  private constructor(client: RawClient, lanes: readonly Lane[]) {
    this.#client = client;
    this.#lanes = lanes;
  }

  /** Create the chains. */
  static async start(server: string, chains: readonly BenchChain[]): Promise<PacedAppends> {
    const client = new RawClient(server);
    const lanes: Lane[] = [];
    for (const chain of chains) {
      const stream = await createChain(client, chain);
      lanes.push({ chain, stream, batches: [], sending: Promise.resolve(), appended: 0 });
    }
    return new PacedAppends(client, lanes);
  }

  /** Seal what the next run sends. */
  async prepare(): Promise<void> {
    for (const { chain, stream, batches } of this.#lanes) {
      const sealed = await chain.writer.seal(readyEach - batches.length, 1);
      const messages = stream.prepare(sealed.map(({ run }) => run));
      sealed.forEach((batch, index) => {
        batches.push({ batch, message: messages[index] as Frames });
      });
    }
  }

  /**
   * Begin to append. Returns what ends it, and waits for the answers that are due. A chain whose last batch isn't
   * answered yet has the next one queued behind it; it ends by itself when all that was sealed is sent.
   */
  run(appendsPerSecond: number): () => Promise<void> {
    const startMs = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = ((performance.now() - startMs) / 1000) * appendsPerSecond;
      for (; sent < due; sent += 1) {
        const lane = this.#lanes[sent % this.#lanes.length] as Lane;
        const next = lane.batches.shift();
        if (next === undefined) return clearInterval(timer);
        lane.sending = lane.sending.then(async () => {
          const { answers } = await lane.stream.exchange([next.message], 1);
          checkAnswers([next.batch], answers);
          lane.appended += 1;
        });
      }
    }, tickMs);
    return async () => {
      clearInterval(timer);
      await Promise.all(this.#lanes.map(({ sending }) => sending));
    };
  }

  /** How many batches a chain has got. */
  appendedTo(index: number): number {
    return this.#lanes[index]?.appended ?? 0;
  }

  close(): void {
    for (const { stream } of this.#lanes) stream.end();
    this.#client.close();
  }
}
