import { join } from 'node:path';
import type { Chain } from '../../src/client/index.ts';
import { echoMethod, echoStart } from '../floors/echo.ts';
import { checkEvents } from '../load/check-chain.ts';
import { answerBytes } from '../load/message-sizes.ts';
import { RawClient } from '../load/raw-client.ts';
import { openForAppend, someEvents } from '../load/sdk-session.ts';
import { newChain } from '../load/sealed-writer.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';

const chainKey = 'example.com/bench/pipelined';

export const pipelinedSdk: Row = {
  name: 'pipelined-sdk',
  title: 'one writer, 100 events a batch, 64 in flight, sealed and signed by the SDK',
  floor: 'bare echo of messages of the same size',
  unit: 'events',
  async prepare({ scale, folder, processes }) {
    const count = scale.batchesPipelined;
    const server = await processes.startServer(join(folder, 'logs'));
    const { chain, close } = await openForAppend({
      ...{ server, folder, chainKey },
      batchEventsMax: eventsPerLargeBatch,
    });
    const floorClient = new RawClient(await processes.startFloorServer());
    const floor = floorClient.openStream(echoMethod.definition);
    const batches = await (await newChain(chainKey)).writer.seal(count, eventsPerLargeBatch);
    const runs = batches.map(({ run }) => run);
    await floor.exchange([echoStart(Math.max(...batches.map(answerBytes)))], 1);
    // The genesis, and the event of the opening.
    let events = 2;
    return {
      measureFloor: () => timed(count, () => floor.exchange(runs, batchesInFlight)),
      measureOurs: async () => {
        const toAppend = Array.from({ length: count }, () => someEvents(eventsPerLargeBatch));
        const measure = await timed(count, () => appendAll(chain, toAppend));
        events += count * eventsPerLargeBatch;
        return measure;
      },
      finish: async () => {
        floor.end();
        floorClient.close();
        await close();
        await checkEvents(server, chainKey, events);
      },
    };
  },
};

async function timed(batches: number, work: () => Promise<unknown>): Promise<Measure> {
  const startMs = performance.now();
  await work();
  const elapsedMs = performance.now() - startMs;
  return { rate: ((batches * eventsPerLargeBatch) / elapsedMs) * 1000 };
}

/** Append each batch by a call of its own, so many of them at once. */
async function appendAll(chain: Chain, batches: readonly { data: Buffer }[][]): Promise<void> {
  const rest = batches.values();
  const lanes = Array.from({ length: batchesInFlight }, async () => {
    for (const batch of rest) await chain.append(batch);
  });
  await Promise.all(lanes);
}
