import { join } from 'node:path';
import type { Chain } from '../../src/client/index.ts';
import { checkEvents } from '../load/check-chain.ts';
import { openForAppend, someEvents } from '../load/sdk-session.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { eventsPerLargeBatch } from '../scale.ts';

const chainKey = 'example.com/bench/attested';

/** What checkpoints cost appends, while the head is signed every second, and how much longer the caller waits. */
export const attestedSdk: Row = {
  name: 'attested-sdk',
  title:
    'one writer, 100 events a batch, sealed by the SDK, as many in flight as it lets; each append waits until it is attested. The rate is until all are durable, the times until each is attested',
  floors: ['the same appends, waiting until they are durable'],
  unit: 'events',
  async prepare({ scale, folder, processes }) {
    const count = scale.batchesPipelined;
    const server = await processes.startServer({ logsPath: join(folder, 'logs') });
    const { chain, close } = await openForAppend({
      ...{ server: server.address, folder, chainKey, batchEventsMax: eventsPerLargeBatch },
    });
    // The genesis, and the event of the opening.
    let events = 2;
    const measure = (wait: 'durable' | 'attested') => async () => {
      events += count * eventsPerLargeBatch + 1;
      return measureAppends(chain, count, wait);
    };
    return {
      floors: [measure('durable')],
      measureOurs: measure('attested'),
      finish: async () => {
        await close();
        await checkEvents(server.address, chainKey, events);
      },
    };
  },
};

async function measureAppends(
  chain: Chain,
  count: number,
  wait: 'durable' | 'attested',
): Promise<Measure> {
  const batches = Array.from({ length: count }, () => someEvents(eventsPerLargeBatch));
  const startMs = performance.now();
  const durations: Promise<number>[] = [];
  for (const batch of batches) {
    await chain.writable();
    const sentMs = performance.now();
    durations.push(chain.append(batch, { wait }).then(() => performance.now() - sentMs));
  }
  // It is durable when all before it are.
  await chain.append(someEvents(1));
  const durableMs = performance.now() - startMs;
  return measureOf(count * eventsPerLargeBatch, durableMs, await Promise.all(durations));
}
