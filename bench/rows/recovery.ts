import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  ListChainsRequestSchema,
  ReadEventsRequestSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { openAppendStream } from '../load/append-session.ts';
import type { CachedChain } from '../load/cached-chain.ts';
import { describe } from '../load/check-chain.ts';
import { killAmidAppends } from '../load/kill-amid-appends.ts';
import { longChain } from '../load/long-chain.ts';
import { RawClient } from '../load/raw-client.ts';
import { SealedWriter } from '../load/sealed-writer.ts';
import { vouchingDefault } from '../load/vouching.ts';
import type { Measure } from '../measure.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { Row, RowContext } from '../row.ts';
import { longChainBytesWanted } from '../scale.ts';
import { durationAtMost, durationBeyondFloorAtMost } from '../target.ts';

const { readEvents, listChains } = ChainService.method;
const readPath = `/${readEvents.parent.typeName}/${readEvents.name}`;
const listPath = `/${listChains.parent.typeName}/${listChains.name}`;

export const recoveryRead = recoveryRow({
  name: 'recovery-read',
  title:
    'a chain of 1 GiB after kill -9: from starting the process to having read its newest event',
  use: readNewest,
});

export const recoveryAppend = recoveryRow({
  name: 'recovery-append',
  title: 'the same to having appended an event',
  use: appendOne,
});

type Use = (server: ServerProcess, chain: CachedChain) => Promise<number>;

function recoveryRow(options: {
  readonly name: string;
  readonly title: string;
  readonly use: Use;
}): Row {
  const { name, title, use } = options;
  return {
    name,
    title,
    floors: ['starting on an empty folder, until a call is answered'],
    unit: 'events',
    figure: 'durationMs',
    targets: [durationAtMost(500), durationBeyondFloorAtMost(500)],
    repetitionsMax: 5,
    scaledDown: ({ longChainBytes }) =>
      longChainBytes < longChainBytesWanted ? `${longChainBytes / 1024 / 1024} MiB` : undefined,
    async prepare(context) {
      const chain = await longChain(context);
      /** Of the events, as far as the kill has left them certain. */
      let eventsMin = chain.events;
      let eventsMax = chain.events;
      return {
        floors: [() => measureEmpty(context)],
        measureOurs: async () => {
          const startMs = performance.now();
          const server = await context.processes.startServer({ logsPath: chain.logsPath });
          const used = await use(server, chain);
          const durationMs = performance.now() - startMs;
          const events = Number((await describe(server.address, chain.chainKey)).nextSequence);
          if (events < eventsMin + used || events > eventsMax + used) {
            throw new Error(`${events} events are there, of ${eventsMin} to ${eventsMax}`);
          }
          const { acknowledged, sent } = await killAmidAppends(server, chain);
          eventsMin = events + acknowledged;
          eventsMax = events + sent;
          return { durationMs };
        },
        finish: async () => undefined,
      };
    },
  };
}

async function measureEmpty({ folder, processes }: RowContext): Promise<Measure> {
  const logsPath = await mkdtemp(join(folder, 'empty-'));
  const startMs = performance.now();
  const server = await processes.startServer({ logsPath });
  const client = new RawClient(server.address);
  await client.call(
    listPath,
    Buffer.from(toBinary(ListChainsRequestSchema, create(ListChainsRequestSchema))),
  );
  const durationMs = performance.now() - startMs;
  client.close();
  await server.kill();
  return { durationMs };
}

async function readNewest(server: ServerProcess, { chainKey }: CachedChain): Promise<number> {
  const client = new RawClient(server.address);
  const schema = ReadEventsRequestSchema;
  const request = create(schema, { chainKey, limit: 1n, reverse: true });
  let messages = 0;
  await client.receive(readPath, Buffer.from(toBinary(schema, request)), () => {
    messages += 1;
    return false;
  });
  client.close();
  if (messages < 2) throw new Error('the newest event did not come');
  return 0;
}

async function appendOne(server: ServerProcess, chain: CachedChain): Promise<number> {
  const client = new RawClient(server.address);
  const writer = new SealedWriter({ ...chain, vouching: vouchingDefault });
  const stream = await openAppendStream(client, { ...chain, server }, writer);
  stream.end();
  client.close();
  return 1;
}
