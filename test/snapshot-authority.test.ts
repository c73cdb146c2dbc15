import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KeyPair } from '../src/client/index.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

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
