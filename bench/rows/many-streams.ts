import { join } from 'node:path';
import { echoMethod, echoStart } from '../floors/echo.ts';
import { checkAnswers, openAppendStream } from '../load/append-session.ts';
import { checkEvents } from '../load/check-chain.ts';
import { type MessageStream, RawClient } from '../load/raw-client.ts';
import { newChain, type SealedBatch, SealedWriter } from '../load/sealed-writer.ts';
import { measureOf } from '../measure.ts';
import type { Row } from '../row.ts';

export const manyStreams: Row = {
  name: 'many-streams',
  title: '64 writers on a stream each, 1 event a batch, 1 in flight each, pre-sealed',
  floor: 'bare echo of the same messages',
  unit: 'batches',
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer(join(folder, 'logs'));
    const client = new RawClient(server);
    const floorClient = new RawClient(await processes.startFloorServer());
    const { chainKey, key, genesis, writer } = await newChain('example.com/bench/streams');
    const writers = Array.from(
      { length: scale.streams },
      () => new SealedWriter(writer.chainId, key),
    );
    const creator = await openAppendStream(client, { chainKey, first: genesis });
    creator.stream.end();
    const ours: MessageStream[] = [];
    const floors: MessageStream[] = [];
    for (const one of writers) {
      const [first] = await one.seal(1, 1);
      if (first === undefined) throw new Error('no batch was sealed');
      const { stream, answerBytes } = await openAppendStream(client, { chainKey, first });
      ours.push(stream);
      const floor = floorClient.openStream(echoMethod.definition);
      await floor.exchange([echoStart(answerBytes)], 1);
      floors.push(floor);
    }
    let events = 1 + scale.streams;
    let batches = await sealAll(writers, scale.batchesPerStream);
    return {
      measureFloor: async () => (await exchangeAll(floors, batches)).measure,
      measureOurs: async () => {
        const { answers, measure } = await exchangeAll(ours, batches);
        for (const [index, own] of batches.entries()) checkAnswers(own, answers[index] ?? []);
        events += scale.streams * scale.batchesPerStream;
        // For the next repetition, which begins with the floor.
        batches = await sealAll(writers, scale.batchesPerStream);
        return measure;
      },
      finish: async () => {
        for (const stream of [...ours, ...floors]) stream.end();
        floorClient.close();
        await checkEvents(server, chainKey, events);
        client.close();
      },
    };
  },
};

async function sealAll(writers: readonly SealedWriter[], count: number): Promise<SealedBatch[][]> {
  const all: SealedBatch[][] = [];
  for (const writer of writers) all.push(await writer.seal(count, 1));
  return all;
}

/** Each stream its own batches, one in flight; all streams at once. */
async function exchangeAll(
  streams: readonly MessageStream[],
  batches: readonly (readonly SealedBatch[])[],
) {
  const runs = batches.map((own) => own.map(({ run }) => run));
  const startMs = performance.now();
  const exchanged = await Promise.all(
    streams.map((stream, index) => stream.exchange(runs[index] ?? [], 1)),
  );
  const elapsedMs = performance.now() - startMs;
  const durationsMs = exchanged.flatMap((one) => one.durationsMs);
  return {
    answers: exchanged.map((one) => one.answers),
    measure: measureOf(durationsMs.length, elapsedMs, durationsMs),
  };
}
