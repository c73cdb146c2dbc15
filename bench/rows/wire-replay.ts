import type { KeyBits } from '../../src/client/index.ts';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { newChain } from '../load/bench-chain.ts';
import { linkedClients, linkFloors } from '../load/links.ts';
import type { StockClient } from '../load/stock-client.ts';
import { checkedReplayBytes, replayBytes } from '../load/subscribe.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { shareOfOneFloorAtLeast } from '../target.ts';

export const wireReplay128 = wireReplay(128);
export const wireReplay256 = wireReplay(256);

function wireReplay(keyBits: KeyBits): Row {
  return {
    name: `wire-replay-${keyBits}`,
    title: `replay from the start as received, 100 events a batch, through the tunnel with keys of ${keyBits} bits, by a grpc-js client`,
    floors: linkFloors,
    unit: 'events',
    targets: [
      shareOfOneFloorAtLeast(0, 0.5, 'without encryption'),
      shareOfOneFloorAtLeast(1, 0.9, 'TLS'),
    ],
    async prepare(context) {
      const clients = await linkedClients(context, keyBits);
      const { plain, tls, tunnel, open, secured } = clients;
      const batches = context.scale.batchesReplayed;
      const ofOpen = await filled(open, plain, batches);
      const ofSecured = await filled(secured, tls, batches);
      const replay =
        (client: StockClient, { chainKey, events, bytesDue }: typeof ofOpen) =>
        async (): Promise<Measure> => {
          const startMs = performance.now();
          const bytes = await replayBytes(client, chainKey);
          const elapsedMs = performance.now() - startMs;
          if (bytes !== bytesDue) throw new Error(`${bytes} bytes came, not ${bytesDue}`);
          return throughputOf(events, bytes, elapsedMs);
        };
      return {
        floors: [replay(plain, ofOpen), replay(tls, ofSecured)],
        measureOurs: replay(tunnel, ofOpen),
        finish: async () => clients.close(),
      };
    },
  };
}

/** A chain of so many large batches. */
async function filled(server: ServerProcess, client: StockClient, batches: number) {
  const chain = await newChain(server, 'replay');
  const stream = await createChain(client, chain);
  for (let left = batches; left > 0; left -= 1_000) {
    const sealed = await chain.writer.seal(Math.min(left, 1_000), eventsPerLargeBatch);
    const messages = stream.prepare(sealed.map(({ run }) => run));
    const { answers } = await stream.exchange(messages, batchesInFlight);
    checkAnswers(sealed, answers);
  }
  stream.end();
  const events = 1 + batches * eventsPerLargeBatch;
  const { chainKey } = chain;
  return { chainKey, events, bytesDue: await checkedReplayBytes(client, chainKey, events) };
}
