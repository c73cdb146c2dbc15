import { join } from 'node:path';
import { checkAnswers, openAppendStream } from '../load/append-session.ts';
import { checkEvents } from '../load/check-chain.ts';
import { storedBytes } from '../load/message-sizes.ts';
import { RawClient } from '../load/raw-client.ts';
import { newChain } from '../load/sealed-writer.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';

export const oneInFlight: Row = {
  name: 'one-in-flight',
  title: 'one writer, 1 event a batch, 1 in flight, pre-sealed',
  floor: 'write + fdatasync of the same bytes',
  unit: 'batches',
  async prepare({ scale, folder, processes }) {
    const count = scale.batchesOneInFlight;
    const server = await processes.startServer(join(folder, 'logs'));
    const client = new RawClient(server);
    const { chainKey, genesis, writer } = await newChain('example.com/bench/one');
    const { stream } = await openAppendStream(client, { chainKey, first: genesis });
    const [sample] = await writer.seal(1, 1);
    if (sample === undefined) throw new Error('no batch was sealed');
    checkAnswers([sample], (await stream.exchange([sample.run], 1)).answers);
    let events = 2;
    return {
      measureFloor: () =>
        processes.run<Measure>('sync-loop.ts', [
          join(folder, 'floor'),
          String(storedBytes(sample)),
          String(count),
        ]),
      measureOurs: async () => {
        const batches = await writer.seal(count, 1);
        const runs = batches.map(({ run }) => run);
        const startMs = performance.now();
        const { answers, durationsMs } = await stream.exchange(runs, 1);
        const elapsedMs = performance.now() - startMs;
        checkAnswers(batches, answers);
        events += count;
        return measureOf(count, elapsedMs, durationsMs);
      },
      finish: async () => {
        stream.end();
        await checkEvents(server, chainKey, events);
        client.close();
      },
    };
  },
};
