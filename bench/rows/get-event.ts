import { randomInt } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  GetEventRequestSchema,
  GetEventResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import type { CachedChain } from '../load/cached-chain.ts';
import { manyEvents, numberedKey } from '../load/many-events.ts';
import { RawClient } from '../load/raw-client.ts';
import { measureOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { manyEventsWanted } from '../scale.ts';
import { rateAtLeast } from '../target.ts';

const inFlight = 64;
const { getEvent } = ChainService.method;
const path = `/${getEvent.parent.typeName}/${getEvent.name}`;

export const getEventRow: Row = {
  name: 'get-event',
  title: `GetEvent by primary key, at random of 10 million objects, ${inFlight} in flight; 100 small events a batch`,
  floors: [],
  unit: 'answers',
  targets: [rateAtLeast(20_000, 'answers')],
  scaledDown: ({ manyEvents: events }) =>
    events < manyEventsWanted ? `${events.toLocaleString('en-GB')} events` : undefined,
  async prepare(context) {
    const { scale, processes } = context;
    const chain = await manyEvents(context, scale.manyEvents);
    const server = await processes.startServer({ logsPath: chain.logsPath });
    const client = new RawClient(server.address);
    await checkOne(client, chain);
    return {
      floors: [],
      measureOurs: async () => {
        const requests = Array.from({ length: scale.eventsAsked }, () =>
          requestOf(chain, randomInt(scale.manyEvents)),
        );
        const durationsMs: number[] = [];
        const startMs = performance.now();
        await Promise.all(
          Array.from({ length: inFlight }, async () => {
            for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
              const askedMs = performance.now();
              const { length } = await client.call(path, request);
              durationsMs.push(performance.now() - askedMs);
              if (length < 1_000) throw new Error(`an answer has ${length} bytes only`);
            }
          }),
        );
        return measureOf(scale.eventsAsked, performance.now() - startMs, durationsMs);
      },
      finish: async () => client.close(),
    };
  },
};

function requestOf({ chainKey }: CachedChain, number: number): Buffer {
  const event = { case: 'primaryKey', value: numberedKey(number) } as const;
  const message = create(GetEventRequestSchema, { chainKey, event });
  return Buffer.from(toBinary(GetEventRequestSchema, message));
}

/** Fail unless an object is where it was put: behind the genesis, in the order of their numbers. */
async function checkOne(client: RawClient, chain: CachedChain): Promise<void> {
  const number = Math.floor(chain.events / 3);
  const bytes = await client.call(path, requestOf(chain, number));
  const { sequence } = fromBinary(GetEventResponseSchema, bytes);
  if (sequence !== BigInt(number + 1)) throw new Error(`object ${number} is at ${sequence}`);
}
