import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buildEvent } from '../../src/event/index.ts';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { type BenchChain, newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import type { MessageStream } from '../load/message-stream.ts';
import { RawClient } from '../load/raw-client.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { batchesInFlight } from '../scale.ts';
import { shareOfFloorAtLeast } from '../target.ts';
import { batchesOf } from './pipelined.ts';

const eventsPerBatch = 100;

/** What the rules cost: every event is about a child of an object, whose rule names the writer's key. */
export const ruled: Row = {
  name: 'pipelined-ruled',
  title:
    'one writer, 100 events a batch, 64 in flight, each on one of 100 objects below one with rules',
  floors: ['the same batches of as many objects, but at the root of a chain without rules'],
  unit: 'events',
  targets: [shareOfFloorAtLeast(0.85, 'the rate without rules')],
  async prepare({ scale, folder, processes }) {
    const count = batchesOf(scale, eventsPerBatch);
    const server = await processes.startServer({ logsPath: join(folder, 'logs') });
    const client = new RawClient(server.address);
    const parent = randomBytes(16);
    const objects = Array.from({ length: eventsPerBatch }, () => randomBytes(16));
    // Events have as many bytes on both sides: where there is no parent there is a collection.
    const free = await newChain(server, 'free', {
      objects: { objects, collection: parent },
    });
    const held = await newChain(server, 'ruled', { key: free.key, objects: { objects, parent } });
    const [freeStream, heldStream] = [
      await createChain(client, free),
      await createChain(client, held),
    ];
    await setRules(heldStream, held, parent);
    const rounds = [
      session(free, freeStream, count, 1),
      session(held, heldStream, count, 2),
    ] as const;
    return {
      floors: [rounds[0].measure],
      measureOurs: rounds[1].measure,
      finish: async () => {
        for (const round of rounds) await round.finish();
        client.close();
      },
    };
  },
};

/** Put the parent there, with a rule that names the writer's key. */
async function setRules(
  stream: MessageStream,
  { writer, key }: BenchChain,
  parent: Buffer,
): Promise<void> {
  const { fingerprint } = key.publicKey;
  const ruling = buildEvent({
    kind: 'rules',
    primaryKey: parent,
    salt: randomBytes(16),
    data: Buffer.alloc(0),
    authority: { authorisation: { write: { kind: 'any_of', fingerprints: [fingerprint] } } },
  });
  const batch = await writer.sealRules([ruling]);
  checkAnswers([batch], [await stream.ask(batch.run)]);
}

function session(chain: BenchChain, stream: MessageStream, count: number, before: number) {
  let events = before;
  return {
    measure: async (): Promise<Measure> => {
      const batches = await chain.writer.seal(count, eventsPerBatch);
      const runs = batches.map(({ run }) => run);
      const { answers, elapsedMs } = await stream.exchange(stream.prepare(runs), batchesInFlight);
      checkAnswers(batches, answers);
      events += count * eventsPerBatch;
      const bytes = runs.reduce((sum, { length }) => sum + length, 0);
      return throughputOf(count * eventsPerBatch, bytes, elapsedMs);
    },
    finish: async () => {
      stream.end();
      await checkEvents(chain.server.address, chain.chainKey, events);
    },
  };
}
