import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { checkAnswers, createChain } from './append-session.ts';
import type { BenchChain } from './bench-chain.ts';
import { RawClient } from './raw-client.ts';

const batchesAtOnce = 500;

/** Create a chain and append so many large batches to it. */
export async function fillChain(chain: BenchChain, batches: number): Promise<void> {
  const client = new RawClient(chain.server.address);
  const stream = await createChain(client, chain);
  for (let done = 0; done < batches; done += batchesAtOnce) {
    const count = Math.min(batchesAtOnce, batches - done);
    const sealed = await chain.writer.seal(count, eventsPerLargeBatch);
    const messages = stream.prepare(sealed.map(({ run }) => run));
    checkAnswers(sealed, (await stream.exchange(messages, batchesInFlight)).answers);
  }
  stream.end();
  client.close();
}
