import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { GetOwnerRequestSchema } from '../../gen/atedb/v1/answer_pb.js';
import { OpenChainRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { connect, KeyPair } from '../../src/client/index.ts';
import { RawClient } from '../load/raw-client.ts';
import { type Measure, measureOf } from '../measure.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { Row, RowContext } from '../row.ts';

const userKey = (db: string) => `example.com/me/${db}`;
const queryPath = '/atedb.v1.OwnerService/GetOwner';
const openPath = '/atedb.v1.ChainService/OpenChain';
/** Calls that are under way at once. */
const atOnce = 16;

/** What an auth service answers of an owner, signed anew for each who asks. */
export const ownerQueries: Row = {
  name: 'owner-queries',
  title: `questions about an owner, an answer signed for each, ${atOnce} at once on one connection`,
  floors: ['as many signatures, on one core, and nothing else'],
  unit: 'answers',
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer({
      ...{ logsPath: join(folder, 'logs'), auth: 'embedded' },
    });
    await createChains(server, ['asked']);
    const client = new RawClient(server.address);
    const request = Buffer.from(
      toBinary(GetOwnerRequestSchema, create(GetOwnerRequestSchema, { owner: 'me@example.com' })),
    );
    const count = scale.handshakes;
    return {
      floors: [() => processes.run<Measure>('signatures.ts', ['sign', String(count), '1'])],
      measureOurs: () =>
        timed(
          Array.from({ length: count }, () => request),
          client,
          queryPath,
        ),
      finish: async () => client.close(),
    };
  },
};

/** That a chain knows its owner costs nothing when it is opened, though nobody can be asked about it. */
export const openWithoutAuth: Row = {
  name: 'open-without-auth',
  title: `opening 1,000 chains whose auth server can't be reached, ${atOnce} at once, after a start of the server`,
  floors: ['the same of chains that have no auth server'],
  unit: 'chains',
  repetitionsMax: 3,
  scaledDown: ({ chains }) => (chains < 1000 ? `${chains} chains` : undefined),
  async prepare(context) {
    const owned = await filled(context, 'owned', 'embedded');
    const plain = await filled(context, 'plain', undefined);
    return {
      floors: [() => opened(context, plain, undefined)],
      measureOurs: () => opened(context, owned, 'gone'),
      finish: async () => undefined,
    };
  },
};

const names = (count: number) => Array.from({ length: count }, (_, index) => `chain_${index}`);

/** A logs path with chains, and no server. */
async function filled(
  { scale, folder, processes }: RowContext,
  name: string,
  auth: 'embedded' | undefined,
): Promise<string> {
  const logsPath = join(folder, name);
  const server = await processes.startServer({ logsPath, ...(auth && { auth }) });
  await createChains(server, names(scale.chains));
  await server.kill();
  return logsPath;
}

async function createChains({ address }: ServerProcess, dbs: readonly string[]): Promise<void> {
  const client = await connect(address, { home: null });
  const key = KeyPair.generate();
  const make = async (db: string) => {
    const chain = await client.open(userKey(db), { key, forAppend: true, claim: true });
    await chain.append({ data: 'x' });
    await chain.close();
  };
  const [first = '', ...rest] = dbs;
  // It claims the name for all.
  await make(first);
  const others = rest.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const db of others) await make(db);
    }),
  );
  await client.close();
}

async function opened(
  { scale, processes }: RowContext,
  logsPath: string,
  auth: 'gone' | undefined,
): Promise<Measure> {
  const server = await processes.startServer({ logsPath, ...(auth && { auth }) });
  const client = new RawClient(server.address);
  const requests = names(scale.chains).map((db) =>
    Buffer.from(
      toBinary(OpenChainRequestSchema, create(OpenChainRequestSchema, { chainKey: userKey(db) })),
    ),
  );
  const measure = await timed(requests, client, openPath);
  client.close();
  await server.kill();
  return measure;
}

/** Make calls, some of them at once. */
async function timed(
  requests: readonly Buffer[],
  client: RawClient,
  path: string,
): Promise<Measure> {
  const durationsMs: number[] = [];
  const startMs = performance.now();
  const rest = requests.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const request of rest) {
        const beganMs = performance.now();
        let answers = 0;
        await client.receive(path, request, () => {
          answers += 1;
          return false;
        });
        if (answers !== 1) throw new Error(`${path} was not answered`);
        durationsMs.push(performance.now() - beganMs);
      }
    }),
  );
  return measureOf(durationsMs.length, performance.now() - startMs, durationsMs);
}
