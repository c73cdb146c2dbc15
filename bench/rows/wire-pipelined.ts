import type { KeyBits } from '../../src/client/index.ts';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { newChain } from '../load/bench-chain.ts';
import { linkedClients, linkFloors } from '../load/links.ts';
import type { StockClient } from '../load/stock-client.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { Row } from '../row.ts';
import { batchesInFlight } from '../scale.ts';
import { shareOfOneFloorAtLeast } from '../target.ts';

const eventsPerBatch = 100;

export const wirePipelined128 = wirePipelined(128);
export const wirePipelined256 = wirePipelined(256);

function wirePipelined(keyBits: KeyBits): Row {
  return {
    name: `wire-pipelined-${keyBits}`,
    title: `one writer, 100 events a batch, 64 in flight, through the tunnel with keys of ${keyBits} bits, by a grpc-js client`,
    floors: linkFloors,
    unit: 'events',
    targets: [
      shareOfOneFloorAtLeast(0, 0.7, 'without encryption'),
      shareOfOneFloorAtLeast(1, 0.9, 'TLS'),
    ],
    async prepare(context) {
      const clients = await linkedClients(context, keyBits);
      const { plain, tls, tunnel, open, secured } = clients;
      const count = context.scale.batchesPipelined;
      const [ofPlain, ofTls, ofTunnel] = [
        await appender(plain, open, 'plain', count),
        await appender(tls, secured, 'tls', count),
        await appender(tunnel, open, 'tunnel', count),
      ];
      return {
        floors: [ofPlain.measure, ofTls.measure],
        measureOurs: ofTunnel.measure,
        finish: async () => {
          for (const { end } of [ofPlain, ofTls, ofTunnel]) end();
          clients.close();
        },
      };
    },
  };
}

/** One writer over one connection. */
async function appender(client: StockClient, server: ServerProcess, name: string, count: number) {
  const chain = await newChain(server, name);
  const stream = await createChain(client, chain);
  let batches = await chain.writer.seal(count, eventsPerBatch);
  return {
    measure: async (): Promise<Measure> => {
      const runs = batches.map(({ run }) => run);
      const { answers, elapsedMs } = await stream.exchange(stream.prepare(runs), batchesInFlight);
      checkAnswers(batches, answers);
      const bytes = runs.reduce((sum, { length }) => sum + length, 0);
      batches = await chain.writer.seal(count, eventsPerBatch);
      return throughputOf(count * eventsPerBatch, bytes, elapsedMs);
    },
    end: () => stream.end(),
  };
}
