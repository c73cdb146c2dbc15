import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ReadEventsRequestSchema } from '../gen/atedb/v1/chain_pb.js';
import { endingOf } from './support/hostile-client.ts';
import { SealedAttacker } from './support/sealed-attacker.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Clients with a session of the tunnel that do with its calls what no client does.

describe('calls that are reset', () => {
  test('right behind their first frame leave no stream behind', async () => {
    const limits = { streamsMax: 50, appendStreamsMax: 50 };
    await using server = await TestServer.start({ wireEncryption: 128, limits });
    const attacker = await SealedAttacker.connect(server.address);
    for (let round = 0; round < 20; round += 1) {
      for (let count = 0; count < 10; count += 1) {
        const { stream } = attacker.begin('Append');
        stream.close(8);
      }
      await sleep(5);
    }
    await sleep(200);
    await using client = await testClient(server.address, { encryption: 128 });
    const chain = await client.open('team/after', { forAppend: true, key: testKey });
    await chain.append({ data: 'x' });
    const startMs = performance.now();
    await server.running.drain('a test');
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe('calls that say nothing', () => {
  test.each(['DescribeChain', 'ReadEvents'])(
    'behind their first frame are refused in time: %s',
    async (method) => {
      await using server = await TestServer.start({
        wireEncryption: 128,
        limits: { requestMs: 300 },
      });
      const attacker = await SealedAttacker.connect(server.address);
      const { stream } = attacker.begin(method);
      let ended: string | undefined | false = false;
      void endingOf(stream).then((ending) => {
        ended = ending;
      });
      await sleep(1_500);
      expect(ended).not.toBe(false);
    },
  );
});

describe('readers that take nothing', () => {
  test('hold no memory beyond the deadline that they have named', async () => {
    await using server = await TestServer.start({ wireEncryption: 128 });
    await using client = await testClient(server.address, { encryption: 128 });
    const chain = await client.open('team/large', { forAppend: true, key: testKey });
    for (let count = 0; count < 3; count += 1) await chain.append({ data: Buffer.alloc(200_000) });
    const attacker = await SealedAttacker.connect(server.address);
    const request = toBinary(
      ReadEventsRequestSchema,
      create(ReadEventsRequestSchema, { chainKey: 'team/large' }),
    );
    const calls = Array.from({ length: 5 }, () => {
      const call = attacker.begin('ReadEvents', { timeoutMs: 200n });
      attacker.send(call, request);
      attacker.halfClose(call);
      return call;
    });
    await sleep(2_500);
    expect(calls.filter(({ stream }) => stream.closed)).toHaveLength(5);
  });
});

test('what calls that were cut at any moment have sent is freed', async () => {
  const limits = { uploadBytesMax: 400_000, requestMs: 3_000 };
  await using server = await TestServer.start({ wireEncryption: 128, limits });
  await using client = await testClient(server.address, { encryption: 128 });
  const chain = await client.open('team/cut', { forAppend: true, key: testKey });
  await chain.append({ data: 'x' });
  const attacker = await SealedAttacker.connect(server.address);
  const garbage = Buffer.concat([
    Buffer.of(0x0a, 0xa0, 0x8d, 0x06),
    Buffer.alloc(100_000, 1),
    Buffer.of(0x82, 1, 8),
    Buffer.from('team/cut'),
  ]);
  for (let round = 0; round < 60; round += 1) {
    const call = attacker.begin(['Append', 'AppendBatch', 'DescribeChain'][round % 3] as string);
    for (let count = 0; count <= round % 4; count += 1) attacker.send(call, garbage);
    if (round % 2 === 0) attacker.halfClose(call);
    await sleep(round % 7);
    if (round % 5 === 0) call.stream.end();
    else call.stream.close(round % 2 === 0 ? 8 : 0);
    call.stream.resume();
  }
  await sleep(1_500);
  const startMs = performance.now();
  await chain.append({ data: Buffer.alloc(300_000) });
  expect(performance.now() - startMs).toBeLessThan(2_500);
  await expect(client.describe('team/cut')).resolves.toBeDefined();
});
