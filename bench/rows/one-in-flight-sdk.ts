import { join } from 'node:path';
import { newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { storedBytes } from '../load/message-sizes.ts';
import { openForAppend, someEvents } from '../load/sdk-session.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';

const chainKey = 'example.com/bench/sdk';

export const oneInFlightSdk: Row = {
  name: 'one-in-flight-sdk',
  title: 'one writer, 1 event a batch, 1 in flight, sealed by the SDK',
  floors: ['write + fdatasync of the same bytes'],
  unit: 'batches',
  peers: 'one-in-flight',
  async prepare({ scale, folder, processes }) {
    const count = scale.batchesOneInFlight;
    const server = await processes.startServer({ logsPath: join(folder, 'logs') });
    const { chain, close } = await openForAppend({
      ...{ server: server.address, folder, chainKey, batchEventsMax: 1 },
    });
    const sample = await (await newChain(server, 'sample')).writer.sealOne();
    // The genesis, and the event of the opening.
    let events = 2;
    return {
      floors: [
        () =>
          processes.run<Measure>('sync-loop.ts', [
            join(folder, 'floor'),
            String(storedBytes(sample)),
            String(count),
          ]),
      ],
      measureOurs: async () => {
        const toAppend = someEvents(count);
        const durationsMs: number[] = [];
        const startMs = performance.now();
        let beforeMs = startMs;
        for (const event of toAppend) {
          await chain.append(event);
          const afterMs = performance.now();
          durationsMs.push(afterMs - beforeMs);
          beforeMs = afterMs;
        }
        events += count;
        return measureOf(count, beforeMs - startMs, durationsMs);
      },
      finish: async () => {
        await close();
        await checkEvents(server.address, chainKey, events);
      },
    };
  },
};
