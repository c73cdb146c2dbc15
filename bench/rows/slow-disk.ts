import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createChain, openAppendStream } from '../load/append-session.ts';
import { newChain, newWriter } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import type { MessageStream } from '../load/message-stream.ts';
import { RawClient } from '../load/raw-client.ts';
import { checkAllAnswers, exchangeAll, sealAll } from '../load/stream-group.ts';
import type { Row } from '../row.ts';
import { rateAtLeast } from '../target.ts';

/** What every sync takes longer. */
export const syncDelayMs = 1;
/** In flight on each stream, in the row of several each. */
const severalInFlight = 16;

export const slowDisk = slowDiskRow({
  name: 'slow-disk',
  title: 'syncs take 1 ms longer: 64 writers on a stream each, 1 event a batch, 1 in flight each',
  inFlightEach: 1,
});

export const slowDiskDeep = slowDiskRow({
  name: 'slow-disk-deep',
  title: `the same, ${severalInFlight} in flight each`,
  inFlightEach: severalInFlight,
  isExtra: true,
});

function slowDiskRow(options: {
  readonly name: string;
  readonly title: string;
  readonly inFlightEach: number;
  readonly isExtra?: boolean;
}): Row {
  const { name, title, inFlightEach } = options;
  return {
    name,
    title,
    floors: ['ours, on the same disk without the delay'],
    unit: 'events',
    isExtra: options.isExtra ?? false,
    targets: [rateAtLeast(30_000, 'events')],
    async prepare({ scale, folder, processes }) {
      await mkdir(join(folder, 'sleepers'));
      const server = await processes.startServer({
        logsPath: join(folder, 'logs'),
        slowDiskFolder: join(folder, 'sleepers'),
      });
      const client = new RawClient(server.address);
      const chain = await newChain(server, 'slow');
      (await createChain(client, chain)).end();
      const writers = Array.from({ length: scale.streams }, () => newWriter(chain));
      const streams: MessageStream[] = [];
      for (const writer of writers) streams.push(await openAppendStream(client, chain, writer));
      let events = 1 + scale.streams;
      const each = scale.batchesPerStream * (inFlightEach === 1 ? 1 : 2);
      const measure = async (delayMs: number) => {
        const batches = await sealAll(writers, each);
        await server.delaySyncs(delayMs);
        const { answers, measure } = await exchangeAll(streams, batches, inFlightEach);
        checkAllAnswers(batches, answers);
        events += scale.streams * each;
        return measure;
      };
      return {
        floors: [() => measure(0)],
        measureOurs: () => measure(syncDelayMs),
        finish: async () => {
          for (const stream of streams) stream.end();
          await checkEvents(server.address, chain.chainKey, events);
          client.close();
        },
      };
    },
  };
}
