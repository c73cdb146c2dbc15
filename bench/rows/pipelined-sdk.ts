import { join } from 'node:path';
import { openEcho } from '../floors/echo.ts';
import { newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { answerBytes } from '../load/message-sizes.ts';
import { RawClient } from '../load/raw-client.ts';
import { appendAll, openForAppend, someEvents } from '../load/sdk-session.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { batchesOf } from './pipelined.ts';

const chainKey = 'example.com/bench/sdk';

export const pipelinedSdk = pipelinedSdkRow({
  name: 'pipelined-sdk',
  title: 'one writer, 100 events a batch, 64 in flight, sealed by the SDK',
  eventsPerBatch: 100,
});

export const pipelinedThousandSdk = pipelinedSdkRow({
  name: 'pipelined-1000-sdk',
  title: 'one writer, 1,000 events a batch, 64 in flight, sealed by the SDK',
  eventsPerBatch: 1_000,
});

function pipelinedSdkRow(options: {
  readonly name: string;
  readonly title: string;
  readonly eventsPerBatch: number;
}): Row {
  const { name, title, eventsPerBatch } = options;
  return {
    name,
    title,
    floors: ['bare echo of messages of the same size'],
    unit: 'events',
    ...(eventsPerBatch === eventsPerLargeBatch && { peers: 'transactions' as const }),
    async prepare({ scale, folder, processes }) {
      const count = batchesOf(scale, eventsPerBatch);
      const [server, floorServer] = await Promise.all([
        processes.startServer({ logsPath: join(folder, 'logs') }),
        processes.startFloorServer(),
      ]);
      const { chain, close } = await openForAppend({
        ...{ server: server.address, folder, chainKey, batchEventsMax: eventsPerBatch },
      });
      const sealed = await (await newChain(server, 'sample')).writer.seal(count, eventsPerBatch);
      const floorClient = new RawClient(floorServer);
      const echo = await openEcho(floorClient, Math.max(...sealed.map(answerBytes)));
      const messages = echo.prepare(sealed.map(({ run }) => run));
      const measureOf = async (work: () => Promise<unknown>): Promise<Measure> => {
        const startMs = performance.now();
        await work();
        return { rate: ((count * eventsPerBatch) / (performance.now() - startMs)) * 1000 };
      };
      // The genesis, and the event of the opening.
      let events = 2;
      return {
        floors: [() => measureOf(() => echo.exchange(messages, batchesInFlight))],
        measureOurs: async () => {
          const toAppend = Array.from({ length: count }, () => someEvents(eventsPerBatch));
          const measure = await measureOf(() => appendAll(chain, toAppend, batchesInFlight));
          events += count * eventsPerBatch;
          return measure;
        },
        finish: async () => {
          echo.end();
          floorClient.close();
          await close();
          await checkEvents(server.address, chainKey, events);
        },
      };
    },
  };
}
