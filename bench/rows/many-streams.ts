import { join } from 'node:path';
import { openEcho } from '../floors/echo.ts';
import { createChain, openAppendStream } from '../load/append-session.ts';
import { newChain, newWriter } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { answerBytes } from '../load/message-sizes.ts';
import type { MessageStream } from '../load/message-stream.ts';
import { type BenchClient, RawClient } from '../load/raw-client.ts';
import { StockClient } from '../load/stock-client.ts';
import { checkAllAnswers, exchangeAll, sealAll } from '../load/stream-group.ts';
import { type Vouching, vouchingDefault } from '../load/vouching.ts';
import type { Row } from '../row.ts';
import { shareOfFloorAtLeast } from '../target.ts';

/** In flight on each stream, in the row of several each: 1,024 of 64 streams. */
const severalInFlight = 16;

export const manyStreams = manyStreamsRow({
  name: 'many-streams',
  title: '64 writers on a stream each, 1 event a batch, 1 in flight each, pre-sealed',
  inFlightEach: 1,
});

export const manyStreamsDeep = manyStreamsRow({
  name: 'many-streams-deep',
  title: `the same, ${severalInFlight} in flight each`,
  inFlightEach: severalInFlight,
});

export const manyStreamsStock = manyStreamsRow({
  name: 'many-streams-stock',
  title: 'the same, 1 in flight each, ours and floor by a stock grpc-js client',
  inFlightEach: 1,
  isExtra: true,
  makeClient: (server) => new StockClient(server),
});

export const manyStreamsSigned = manyStreamsRow({
  name: 'many-streams-signed',
  title: 'the same, 1 in flight each, every batch signed',
  inFlightEach: 1,
  isExtra: true,
  vouching: 'signed',
});

function manyStreamsRow(options: {
  readonly name: string;
  readonly title: string;
  readonly inFlightEach: number;
  readonly isExtra?: boolean;
  readonly vouching?: Vouching;
  readonly makeClient?: (server: string) => BenchClient;
}): Row {
  const { name, title, inFlightEach, vouching = vouchingDefault } = options;
  const makeClient = options.makeClient ?? ((server: string) => new RawClient(server));
  return {
    name,
    title,
    floors: ['bare echo of the same messages'],
    unit: 'batches',
    isExtra: options.isExtra ?? false,
    ...(options.vouching === undefined && { targets: [shareOfFloorAtLeast(0.5)] }),
    ...(inFlightEach === 1 && { peers: 'many-clients' as const }),
    async prepare({ scale, folder, processes }) {
      const [server, floorServer] = await Promise.all([
        processes.startServer({ logsPath: join(folder, 'logs'), vouching }),
        processes.startFloorServer(),
      ]);
      const client = makeClient(server.address);
      const floorClient = makeClient(floorServer);
      const chain = await newChain(server, 'streams');
      (await createChain(client, chain)).end();
      const writers = Array.from({ length: scale.streams }, () => newWriter(chain));
      const answer = answerBytes(await newWriter(chain).sealOne());
      const ours: MessageStream[] = [];
      const floors: MessageStream[] = [];
      for (const writer of writers) {
        ours.push(await openAppendStream(client, chain, writer));
        floors.push(await openEcho(floorClient, answer));
      }
      let events = 1 + scale.streams;
      const each = scale.batchesPerStream * (inFlightEach === 1 ? 1 : 2);
      let batches = await sealAll(writers, each);
      return {
        floors: [async () => (await exchangeAll(floors, batches, inFlightEach)).measure],
        measureOurs: async () => {
          const { answers, measure } = await exchangeAll(ours, batches, inFlightEach);
          checkAllAnswers(batches, answers);
          events += scale.streams * each;
          // For the next repetition, which begins with the floor.
          batches = await sealAll(writers, each);
          return measure;
        },
        finish: async () => {
          for (const stream of [...ours, ...floors]) stream.end();
          floorClient.close();
          await checkEvents(server.address, chain.chainKey, events);
          client.close();
        },
      };
    },
  };
}
