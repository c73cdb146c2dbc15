import { join } from 'node:path';
import { echoMethod, echoStart } from '../floors/echo.ts';
import { checkAnswers, openAppendStream } from '../load/append-session.ts';
import { checkEvents } from '../load/check-chain.ts';
import { type MessageStream, RawClient } from '../load/raw-client.ts';
import { newChain } from '../load/sealed-writer.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';

export const pipelined: Row = {
  name: 'pipelined',
  title: 'one writer, 100 events a batch, 64 in flight, pre-sealed',
  floor: 'bare echo of the same messages',
  unit: 'events',
  async prepare({ scale, folder, processes }) {
    const count = scale.batchesPipelined;
    const server = await processes.startServer(join(folder, 'logs'));
    const client = new RawClient(server);
    const { chainKey, genesis, writer } = await newChain('example.com/bench/pipelined');
    const ours = await openAppendStream(client, { chainKey, first: genesis });
    const floorClient = new RawClient(await processes.startFloorServer());
    const floor = floorClient.openStream(echoMethod.definition);
    await floor.exchange([echoStart(ours.answerBytes)], 1);
    let batches = await writer.seal(count, eventsPerLargeBatch);
    let events = 1;
    const measure = async (stream: MessageStream) => {
      const runs = batches.map(({ run }) => run);
      const startMs = performance.now();
      const { answers } = await stream.exchange(runs, batchesInFlight);
      const elapsedMs = performance.now() - startMs;
      const bytes = runs.reduce((sum, { length }) => sum + length, 0);
      return {
        answers,
        measure: {
          rate: ((count * eventsPerLargeBatch) / elapsedMs) * 1000,
          bytesPerSecond: (bytes / elapsedMs) * 1000,
        },
      };
    };
    return {
      measureFloor: async () => (await measure(floor)).measure,
      measureOurs: async () => {
        const measured = await measure(ours.stream);
        checkAnswers(batches, measured.answers);
        events += count * eventsPerLargeBatch;
        // For the next repetition, which begins with the floor.
        batches = await writer.seal(count, eventsPerLargeBatch);
        return measured.measure;
      },
      finish: async () => {
        floor.end();
        floorClient.close();
        ours.stream.end();
        await checkEvents(server, chainKey, events);
        client.close();
      },
    };
  },
};
