import { expect, onTestFinished, test } from 'vitest';
import { FieldCursor, frame } from '../src/bytes/index.ts';
import type { ChainEvent, TrustMode } from '../src/client/index.ts';
import { parseSealOfRun, runFields, splitSlice } from '../src/event/index.ts';
import { type Lie, LyingProxy } from './support/lying-proxy.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A server that takes signatures off, as if their writers had only proven their keys.

const chainKey = 'team/lies';

/** Takes the signatures off one commit's batch, in whatever holds a slice of the log. */
function takingOff(commit: number): Lie {
  return (method, answer) => {
    const field = sliceFields[method];
    if (field === undefined) return answer;
    const cursor = new FieldCursor(answer);
    const parts: Buffer[] = [];
    while (cursor.next()) {
      const whole = answer.subarray(cursor.tagStart, cursor.end);
      const isSlice = cursor.field === field;
      parts.push(isSlice ? frame(field, unsigned(cursor.bytesValue(), commit)) : whole);
    }
    return Buffer.concat(parts);
  };
}

const sliceFields: Record<string, number> = { readEvents: 2, subscribe: 2, getEvent: 1 };

function unsigned(slice: Buffer, commit: number): Buffer {
  const batches = splitSlice(slice).map((batch) => {
    const { run, start, end } = batch;
    if (batch.commit.commit !== commit) return slice.subarray(start, end);
    const seal = parseSealOfRun(run);
    const events = run.subarray(0, run.length - frame(runFields.seal, seal.bytes).length);
    const bare = frame(runFields.seal, frame(1, seal.headerBytes));
    return Buffer.concat([events, bare, slice.subarray(start + run.length, end)]);
  });
  return Buffer.concat(batches);
}

/** A chain of a genesis and three signed batches, and all ways to read it. */
async function signedChain(trustMode: TrustMode) {
  const server = await TestServer.start({ trustMode });
  const proxy = await LyingProxy.start(server.address);
  const client = await testClient(proxy.address);
  onTestFinished(async () => {
    await client.close();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const options = { key: testKey, forAppend: true, signBatches: true };
  const chain = await client.open(chainKey, options);
  for (const data of 'abc') await chain.append({ data });
  const ways: (() => Promise<ChainEvent[]>)[] = [
    () => all(chain.read()),
    () => all(chain.read({ from: 1 })),
    () => all(chain.read({ reverse: true })),
    () => take(chain.subscribe({ timeoutMs: 2_000 }), 4),
    async () => [(await chain.get({ sequence: 2 })) as ChainEvent],
  ];
  return { proxy, ways };
}

test('a signature taken off a batch of a distributed chain is found out, however it is read', async () => {
  const { proxy, ways } = await signedChain('distributed');
  proxy.lie = takingOff(2);
  for (const read of ways) {
    await expect(read()).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining('has no signature'),
    });
  }
});

test("taken off in a centralized chain, the server's word doesn't pass for the writer's", async () => {
  const { proxy, ways } = await signedChain('centralized');
  proxy.lie = takingOff(2);
  for (const read of ways) {
    for (const { commit, vouchedBy } of await read()) {
      expect(vouchedBy).toBe(commit === 2 ? 'server' : 'writer');
    }
  }
});

test.each(['centralized', 'distributed'] as const)(
  'a signature taken off the genesis is found out: %s',
  async (trustMode) => {
    const { proxy, ways } = await signedChain(trustMode);
    proxy.lie = takingOff(0);
    const [fromStart] = ways;
    await expect(fromStart?.()).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
  },
);
