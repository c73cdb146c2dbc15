import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ChainRegistry } from '../src/chain/index.ts';
import { KeyPair } from '../src/client/index.ts';
import { type EventInput, parseChainKey } from '../src/event/index.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';
import { folder, verify } from './support/verify-world.ts';

// The state that is stored with a new segment is that before its first batch: opening the chain replays the batch on it.

const other = KeyPair.generate();
const object = Buffer.alloc(16, 1);
const parents = [2, 3].map((byte) => Buffer.alloc(16, byte));
const only = (key: KeyPair) => [testKey.publicKey, key.publicKey];

test('a chain opens again, whatever changed who may do what in the first batch of a segment', async () => {
  await using server = await TestServer.start({ trustMode: 'centralized', segmentBytesMax: 1 });
  const chainKey = 'team/snapshots';
  const restart = async () => {
    await server.restart();
    const client = await testClient(server.address);
    const chain = await client.open(chainKey, { key: testKey, forAppend: true });
    return { client, chain };
  };
  let { client, chain } = await restart();
  // Each batch is alone in its segment.
  const steps = [
    { primaryKey: object, parent: parents[0], data: 'first' },
    { primaryKey: object, parent: parents[1], moves: true, data: 'moved' },
    { kind: 'rules' as const, primaryKey: object, parent: parents[0], moves: true },
    { kind: 'rules' as const, primaryKey: object, parent: parents[0], write: only(other) },
    { kind: 'rules' as const, primaryKey: parents[1], write: only(other) },
    { kind: 'tombstone' as const, primaryKey: parents[0] },
  ];
  for (const [at, step] of steps.entries()) {
    await chain.append(step).catch((error) => {
      throw new Error(`step ${at}`, { cause: error });
    });
    await client.close();
    ({ client, chain } = await restart());
    expect(await all(chain.read())).toHaveLength(at + 2);
  }
  await chain.append({ kind: 'roots', roots: [other.publicKey] });
  await client.close();
  ({ client, chain } = await restart());
  expect((await chain.rules()).roots.map(({ fingerprintHex }) => fingerprintHex)).toEqual([
    other.publicKey.fingerprintHex,
  ]);
  await client.close();
  const names = await readdir(join(server.logsPath, `${chainKey}.chain`));
  expect(names.filter((name) => name.startsWith('segment-')).length).toBeGreaterThan(6);
});

test('a state of many objects is stored as it was when its segment began, whatever moves and goes while it is gone through', async () => {
  const [eventsPerBatch, batches] = [1_000, 20];
  const server = KeyPair.generate();
  const { writer, batch } = await testGenesis({ chainKey: 'team/verified', server });
  const keyOf = (number: number) => Buffer.from(String(number).padStart(16, '0'));
  const batchOf = (number: number, input: Partial<EventInput>) =>
    writer.batch(
      Array.from({ length: eventsPerBatch }, (_, at) => {
        const primaryKey = keyOf(number * eventsPerBatch + at);
        return testEvent('', { primaryKey, ...input });
      }),
    );
  const [first, second] = parents;
  const made = [];
  for (let at = 0; at < batches; at += 1) made.push(await batchOf(at, { parent: first }));
  const bytes = made.reduce((sum, { run }) => sum + run.length, 0);
  // The first of these begins a segment. What lies at either end of the tree is changed, and what is new is none of its state.
  const changes = [
    await batchOf(batches - 1, { parent: second, authority: { moves: true } }),
    await batchOf(0, { kind: 'tombstone' }),
    await batchOf(batches, { parent: second }),
    await batchOf(1, { parent: second, authority: { moves: true } }),
  ];
  const storage = await emptyDisk('/logs');
  const registry = new ChainRegistry({
    ...{ storage, logsPath: '/logs', trustMode: 'centralized', openChainsMax: 1 },
    serverIdentity: server.publicKey,
    // Room for some of what is beside the runs, and for no other batch.
    segmentBytesMax: bytes + 20_000,
    now: () => 1_700_000_000_000,
    logger: { warn: () => undefined },
  });
  const lease = await registry.openOrCreate(parseChainKey('team/verified'), batch.run);
  if (lease === undefined) throw new Error('the registry has no room');
  const { chain } = lease;
  for (const { run } of made) await chain.submit(await chain.prepare(run, () => true)).durable;
  const prepared = [];
  for (const { run } of changes) prepared.push(await chain.prepare(run, () => true));
  // In one turn: the state can't have been gone through in between.
  const submitted = prepared.map((one) => chain.submit(one).durable);
  await Promise.all(submitted);
  expect(chain.log.segments).toBe(2);
  lease[Symbol.dispose]();
  await registry.close();
  expect((await storage.list(folder)).map(({ name }) => name)).toContain('snapshot-00000001');
  const found = await verify(storage);
  expect(found.violations.list).toEqual([]);
  expect(found.derived).toEqual([]);
});
