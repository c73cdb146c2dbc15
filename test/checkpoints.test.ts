import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointKeysSchema } from '../gen/atedb/v1/checkpoint_pb.js';
import { PublicKey } from '../src/crypto/index.ts';
import { parseCheckpoint } from '../src/event/index.ts';
import { verifyCheckpoint, verifyCheckpointKeys } from '../src/trust/index.ts';
import type { RawClient } from './support/raw-client.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

// What a server signs, and when, as clients in any language see it.

let server: TestServer;
let client: RawClient;

beforeAll(async () => {
  server = await TestServer.start();
  client = server.client();
});
afterAll(async () => {
  client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

let chains = 0;

async function newChain(to: RawClient = client) {
  chains += 1;
  const key = `team/signed${chains}`;
  const { writer, batch } = await testGenesis({ chainKey: key, trustMode: 'distributed' });
  await to.appendBatch(batch.run, key);
  const append = async () => {
    const { run } = await writer.batch([testEvent('x')]);
    return to.appendBatch(run, key);
  };
  return { key, writer, append };
}

/** Open a chain, and verify what its server has signed of it. */
async function open(chainKey: string, from: RawClient = client) {
  const answer = await from.openChain({ chainKey });
  const { serverIdentity, checkpointKeys } = answer;
  if (serverIdentity === undefined || checkpointKeys?.signature === undefined) {
    throw new Error('it shows no keys');
  }
  const identity = PublicKey.parse(serverIdentity.suite, Buffer.from(serverIdentity.key));
  const message = Buffer.from(toBinary(CheckpointKeysSchema, checkpointKeys));
  const signer = await verifyCheckpointKeys(message, identity);
  const { chainId } = parseCheckpoint(answer.checkpoint);
  const signed = await verifyCheckpoint(answer.checkpoint, chainId, signer);
  return { answer, signed };
}

test('an opening shows a checkpoint of the head; of an idle chain the same one each time', async () => {
  const chain = await newChain();
  const first = await open(chain.key);
  expect(first.signed.head.size).toBe(1);
  expect(first.signed.timeUnixS).toBeGreaterThan(Date.now() / 1_000 - 5);
  expect((await open(chain.key)).answer.checkpoint).toBe(first.answer.checkpoint);
});

test('it is signed once a second at most, and what is older is proven to be of the head', async () => {
  const chain = await newChain();
  const notes = new Set<string>();
  const begun = performance.now();
  for (let at = 0; at < 20; at += 1) {
    await chain.append();
    const { answer, signed } = await open(chain.key);
    notes.add(answer.checkpoint);
    expect(Number(answer.head?.size)).toBe(at + 2);
    expect(answer.checkpointConsistency.length > 0).toBe(signed.head.size < at + 2);
  }
  expect(notes.size).toBeLessThanOrEqual(2 + (performance.now() - begun) / 1_000);
});

test('the keys are made once, for their owner only, and kept over a restart', async () => {
  await using own = await TestServer.start();
  using before = own.client();
  const chain = await newChain(before);
  const first = await open(chain.key, before);
  const { mode } = await stat(join(own.logsPath, '_sys', 'checkpoint.key'));
  expect(mode & 0o777).toBe(0o600);
  await own.restart();
  using after = own.client();
  const second = await open(chain.key, after);
  expect(second.answer.checkpointKeys?.ed25519).toEqual(first.answer.checkpointKeys?.ed25519);
  expect(second.answer.checkpointKeys?.mldsa44).toEqual(first.answer.checkpointKeys?.mldsa44);
});
