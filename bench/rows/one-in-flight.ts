import { join } from 'node:path';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { storedBytes } from '../load/message-sizes.ts';
import { RawClient } from '../load/raw-client.ts';
import { type Vouching, vouchingDefault } from '../load/vouching.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { p99AtMost, shareOfFloorAtLeast } from '../target.ts';

export const oneInFlight = oneInFlightRow({
  name: 'one-in-flight',
  title: 'one writer, 1 event a batch, 1 in flight, pre-sealed, over TCP',
});

export const oneInFlightUnix = oneInFlightRow({
  name: 'one-in-flight-unix',
  title: 'the same over a Unix socket',
  isUnix: true,
});

export const oneInFlightSigned = oneInFlightRow({
  name: 'one-in-flight-signed',
  title: 'the same over TCP, every batch signed',
  isExtra: true,
  vouching: 'signed',
});

function oneInFlightRow(options: {
  readonly name: string;
  readonly title: string;
  readonly isUnix?: boolean;
  readonly isExtra?: boolean;
  readonly vouching?: Vouching;
}): Row {
  const { name, title, isUnix = false, vouching = vouchingDefault } = options;
  return {
    name,
    title,
    floors: ['write + fdatasync of the same bytes'],
    unit: 'batches',
    isExtra: options.isExtra ?? false,
    ...(options.vouching === undefined && {
      targets: [
        shareOfFloorAtLeast(0.5),
        shareOfFloorAtLeast(0.8, 'floor (the aim)'),
        p99AtMost(3),
      ],
    }),
    peers: 'one-in-flight',
    async prepare({ scale, folder, processes }) {
      const count = scale.batchesOneInFlight;
      const server = await processes.startServer({
        logsPath: join(folder, 'logs'),
        vouching,
        ...(isUnix && { unixSocket: join(folder, 'socket') }),
      });
      const client = new RawClient(server.address);
      const chain = await newChain(server, 'one');
      const stream = await createChain(client, chain);
      const sample = await chain.writer.sealOne();
      checkAnswers([sample], [await stream.ask(sample.run)]);
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
          const batches = await chain.writer.seal(count, 1);
          const messages = stream.prepare(batches.map(({ run }) => run));
          const { answers, durationsMs, elapsedMs } = await stream.exchange(messages, 1);
          checkAnswers(batches, answers);
          events += count;
          return measureOf(count, elapsedMs, durationsMs);
        },
        finish: async () => {
          stream.end();
          await checkEvents(server.address, chain.chainKey, events);
          client.close();
        },
      };
    },
  };
}
