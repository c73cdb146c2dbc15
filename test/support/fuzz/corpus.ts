import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ChainService,
  DescribeChainRequestSchema,
  GetEventRequestSchema,
  GetProofRequestSchema,
  ListChainsRequestSchema,
  ListChildrenRequestSchema,
  LoadDataRequestSchema,
  OpenChainRequestSchema,
  ReadEventsRequestSchema,
  SubscribeRequestSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { Health, HealthCheckRequestSchema } from '../../../gen/grpc/health/v1/health_pb.js';
import { FieldWriter } from '../../../src/bytes/index.ts';
import { type BuiltEvent, writerIdOf } from '../../../src/event/index.ts';
import { appendRequest } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { type TestBatchOptions, testEvent } from '../test-writer.ts';
import type { FuzzWorld } from './fuzz-world.ts';
import { randomBuffer } from './mutate-blindly.ts';

/** A valid request. */
export interface ValidRequest {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly bytes: Buffer;
}

const chainPath = (method: keyof typeof ChainService.method) =>
  `/${ChainService.typeName}/${ChainService.method[method].name}`;

export const appendPath = chainPath('append');
export const appendBatchPath = chainPath('appendBatch');

/** A data event whose every part follows from the seed. */
export function seededEvent(
  random: Random,
  input: Parameters<typeof testEvent>[1] = {},
): BuiltEvent {
  return testEvent(randomBuffer(random, random.between(0, 60)), {
    primaryKey: randomBuffer(random, 16),
    salt: randomBuffer(random, 16),
    ...input,
  });
}

/** An event that uses all that an event can have. */
function fullEvent(random: Random): BuiltEvent {
  return seededEvent(random, {
    parent: randomBuffer(random, 16),
    collection: randomBuffer(random, 16),
    replyTo: randomBuffer(random, 16),
    type: 'Straße',
    timeUnixMs: 1_700_000_000_000,
  });
}

/** Fill the attacked chain, and make valid requests of every method, several of each where it has several forms. */
export async function makeCorpus(world: FuzzWorld, random: Random): Promise<ValidRequest[]> {
  const { chainKey, writer } = world;
  const { chainId } = writer;
  const primaryKey = randomBuffer(random, 16);
  const batches: [BuiltEvent[], TestBatchOptions][] = [
    [[seededEvent(random, { primaryKey })], {}],
    [[fullEvent(random), seededEvent(random), seededEvent(random)], {}],
    [
      [seededEvent(random, { primaryKey, kind: 'tombstone', data: Buffer.alloc(0) })],
      {
        preconditions: [
          { kind: 'chain_unchanged', sinceSequence: 2 },
          { kind: 'lands_before', sequence: 1_000_000 },
          { kind: 'key_unchanged', primaryKey, sinceSequence: 1 },
        ],
      },
    ],
  ];
  using client = world.client();
  const runs = [world.genesisRun];
  for (const [events, options] of batches) {
    const { run } = await writer.batch(events, options);
    await client.appendBatch(run, chainKey);
    runs.push(run);
  }
  // Valid and not there yet: what is left of them after a change may be taken.
  const another = world.newWriter(random);
  runs.push((await another.make([fullEvent(random), seededEvent(random)])).run);
  // Of proven keys only.
  const { head } = await client.describeChain(chainKey);
  const asOf = { size: Number(head?.size), root: Buffer.from(head?.root ?? []) };
  runs.push((await another.make([seededEvent(random)], { asOf }, [])).run);
  const writerId = writerIdOf(writer.identity);
  return [
    ...runs.map((run) => ({ path: appendBatchPath, bytes: appendRequest(run, chainKey) })),
    ...runs.slice(1, 2).map((run) => ({
      path: appendBatchPath,
      // To be attested, too: field 18.
      bytes: Buffer.concat([
        appendRequest(run, chainKey),
        new FieldWriter().varint(18, 1).finish(),
      ]),
    })),
    ...of(OpenChainRequestSchema, chainPath('openChain'), [
      { chainKey },
      { chainKey, chainId, knownSize: 2n, forAppend: true, writerId },
      { chainKey: 'fuzz.example/target/none', forAppend: true },
    ]),
    ...of(DescribeChainRequestSchema, chainPath('describeChain'), [{ chainKey }]),
    ...of(ListChainsRequestSchema, chainPath('listChains'), [
      {},
      { pageSize: 1, prefix: 'fuzz.example/', pageToken: chainKey },
    ]),
    ...of(GetEventRequestSchema, chainPath('getEvent'), [
      { chainKey, chainId, event: { case: 'primaryKey', value: primaryKey } },
      { chainKey, event: { case: 'sequence', value: 3n } },
    ]),
    ...of(ListChildrenRequestSchema, chainPath('listChildren'), [
      { chainKey, chainId, parent: primaryKey, limit: 3n },
      { chainKey, collection: primaryKey, after: { primaryKey, collection: primaryKey } },
    ]),
    ...of(LoadDataRequestSchema, chainPath('loadData'), [
      { chainKey, chainId, events: [{ sequence: 3n, eventHash: chainId }] },
    ]),
    ...of(GetProofRequestSchema, chainPath('getProof'), [
      { chainKey, chainId, sequence: 3n, withData: true },
      { chainKey, sequence: 1n, fromSize: 1n, size: 3n },
      { chainKey, fromSize: 2n },
    ]),
    ...of(ReadEventsRequestSchema, chainPath('readEvents'), [
      { chainKey },
      { chainKey, chainId, fromSequence: 1n, endSequence: 4n, limit: 2n, reverse: true },
    ]),
    ...of(SubscribeRequestSchema, chainPath('subscribe'), [
      { chainKey, chainId, heartbeatMs: 1_000 },
      { chainKey, from: { case: 'sequence', value: 2n } },
      { chainKey, from: { case: 'timeUnixMs', value: 1_700_000_000_000n } },
      { chainKey, from: { case: 'now', value: {} } },
    ]),
    ...['Check', 'Watch', 'List'].flatMap((name) =>
      of(HealthCheckRequestSchema, `/${Health.typeName}/${name}`, [
        { service: ChainService.typeName },
      ]),
    ),
    ...reflectionRequests(),
  ];
}

function of<Desc extends DescMessage>(
  schema: Desc,
  path: string,
  requests: MessageInitShape<Desc>[],
): ValidRequest[] {
  return requests.map((request) => ({
    path,
    bytes: Buffer.from(toBinary(schema, create(schema, request))),
  }));
}

/** Of the reflection service, whose stubs aren't ours: by file, symbol and extension, and the list of services. */
function reflectionRequests(): ValidRequest[] {
  const extension = new FieldWriter().string(1, 'atedb.v1.Event').varint(2, 7).finish();
  const messages = [
    new FieldWriter().string(1, 'localhost').string(3, 'atedb/v1/chain.proto').finish(),
    new FieldWriter().string(4, 'atedb.v1.ChainService').finish(),
    new FieldWriter().message(5, extension).finish(),
    new FieldWriter().string(6, 'atedb.v1.Event').finish(),
    new FieldWriter().string(7, '*').finish(),
  ];
  return ['v1', 'v1alpha'].flatMap((version) =>
    messages.map((bytes) => ({
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      bytes,
    })),
  );
}
