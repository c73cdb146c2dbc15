import { join } from 'node:path';
import { openEcho } from '../floors/echo.ts';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { answerBytes } from '../load/message-sizes.ts';
import type { MessageStream } from '../load/message-stream.ts';
import { RawClient } from '../load/raw-client.ts';
import { type Vouching, vouchingDefault } from '../load/vouching.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch, type Scale } from '../scale.ts';
import { rateAtLeast, shareOfFloorAtLeast, type Target } from '../target.ts';

const echoTitle = 'bare echo of the same messages';
const hashTitle = 'hashing the same batches, in one thread';

export const pipelined = pipelinedRow({
  name: 'pipelined',
  title: 'one writer, 100 events a batch, 64 in flight, pre-sealed',
  eventsPerBatch: 100,
  targets: [rateAtLeast(500_000, 'events')],
});

export const pipelinedThousand = pipelinedRow({
  name: 'pipelined-1000',
  title: 'one writer, 1,000 events a batch, 64 in flight, pre-sealed',
  eventsPerBatch: 1_000,
  targets: [shareOfFloorAtLeast(0.6, 'the lower floor')],
});

export const pipelinedSigned = pipelinedRow({
  name: 'pipelined-signed',
  title: 'one writer, 100 events a batch, 64 in flight, every batch signed',
  eventsPerBatch: 100,
  vouching: 'signed',
});

/** Batches of a repetition: of large ones fewer. */
export function batchesOf(scale: Scale, eventsPerBatch: number): number {
  return eventsPerBatch > 100 ? Math.ceil(scale.batchesPipelined / 4) : scale.batchesPipelined;
}

function pipelinedRow(options: {
  readonly name: string;
  readonly title: string;
  readonly eventsPerBatch: number;
  readonly vouching?: Vouching;
  readonly targets?: readonly Target[];
}): Row {
  const { name, title, eventsPerBatch, vouching = vouchingDefault, targets = [] } = options;
  return {
    name,
    title,
    floors: [echoTitle, hashTitle],
    unit: 'events',
    targets,
    ...(eventsPerBatch === eventsPerLargeBatch && { peers: 'transactions' as const }),
    async prepare({ scale, folder, processes }) {
      const count = batchesOf(scale, eventsPerBatch);
      const [server, floorServer] = await Promise.all([
        processes.startServer({ logsPath: join(folder, 'logs'), vouching }),
        processes.startFloorServer(),
      ]);
      const client = new RawClient(server.address);
      const chain = await newChain(server, 'pipelined');
      const ours = await createChain(client, chain);
      let batches = await chain.writer.seal(count, eventsPerBatch);
      const floorClient = new RawClient(floorServer);
      const echo = await openEcho(floorClient, Math.max(...batches.map(answerBytes)));
      let events = 1;
      const exchange = async (stream: MessageStream) => {
        const runs = batches.map(({ run }) => run);
        const messages = stream.prepare(runs);
        const { answers, elapsedMs } = await stream.exchange(messages, batchesInFlight);
        const bytes = runs.reduce((sum, { length }) => sum + length, 0);
        return { answers, measure: throughputOf(count * eventsPerBatch, bytes, elapsedMs) };
      };
      return {
        floors: [
          async () => (await exchange(echo)).measure,
          () => processes.run<Measure>('hash-batches.ts', [String(eventsPerBatch), String(count)]),
        ],
        measureOurs: async () => {
          const { answers, measure } = await exchange(ours);
          checkAnswers(batches, answers);
          events += count * eventsPerBatch;
          // For the next repetition, which begins with the floor.
          batches = await chain.writer.seal(count, eventsPerBatch);
          return measure;
        },
        finish: async () => {
          echo.end();
          floorClient.close();
          ours.end();
          await checkEvents(server.address, chain.chainKey, events);
          client.close();
        },
      };
    },
  };
}
