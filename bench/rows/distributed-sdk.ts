import { join } from 'node:path';
import { checkEvents } from '../load/check-chain.ts';
import { appendAll, openForAppend, someEvents } from '../load/sdk-session.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { batchesInFlight } from '../scale.ts';
import { shareOfFloorAtLeast, type Target } from '../target.ts';

const chainKey = 'example.com/bench/distributed';

export const distributedSdk = distributedRow({
  name: 'distributed-sdk',
  title: 'one writer, 100 events a batch, 64 in flight, sealed and signed by the SDK, durable',
  eventsPerBatch: 100,
  targets: [shareOfFloorAtLeast(0.8, 'the lower floor')],
});

export const distributedOneSdk = distributedRow({
  name: 'distributed-one-sdk',
  title: 'one writer, one event a batch, 64 in flight, sealed and signed by the SDK, durable',
  eventsPerBatch: 1,
  targets: [shareOfFloorAtLeast(0.7, 'the lower floor')],
});

function distributedRow(options: {
  readonly name: string;
  readonly title: string;
  readonly eventsPerBatch: number;
  readonly targets: readonly Target[];
}): Row {
  const { name, title, eventsPerBatch, targets } = options;
  return {
    name,
    title,
    floors: ['signing one batch after the other, on one core', 'verifying them so'],
    unit: 'events',
    targets,
    async prepare({ scale, folder, processes }) {
      const count = Math.ceil(scale.batchesPipelined / 2);
      const server = await processes.startServer({
        logsPath: join(folder, 'logs'),
        vouching: 'signed',
      });
      const { chain, close } = await openForAppend({
        ...{ server: server.address, folder, chainKey, batchEventsMax: eventsPerBatch },
      });
      // The genesis, and the event of the opening.
      let events = 2;
      const floor = (what: string) => () =>
        processes.run<Measure>('signatures.ts', [what, String(count), String(eventsPerBatch)]);
      return {
        floors: [floor('sign'), floor('verify')],
        measureOurs: async () => {
          const toAppend = Array.from({ length: count }, () => someEvents(eventsPerBatch));
          const startMs = performance.now();
          await appendAll(chain, toAppend, batchesInFlight);
          const elapsedMs = performance.now() - startMs;
          events += count * eventsPerBatch;
          return { rate: ((count * eventsPerBatch) / elapsedMs) * 1000 };
        },
        finish: async () => {
          await close();
          await checkEvents(server.address, chainKey, events);
        },
      };
    },
  };
}
