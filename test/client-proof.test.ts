import { setImmediate as nextTurn } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OpenChainResponseSchema, WriterStateSchema } from '../gen/atedb/v1/chain_pb.js';
import { SealSchema } from '../gen/atedb/v1/event_pb.js';
import {
  type AtedbClient,
  AtedbError,
  KeyPair,
  type Notice,
  type OpenOptions,
} from '../src/client/index.ts';
import { parseSealOfRun, sealBatch, signBatch } from '../src/event/index.ts';
import { type Lie, LyingProxy } from './support/lying-proxy.ts';
import { isLong } from './support/scale.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent } from './support/test-writer.ts';

// A client that proves its key to a server that lies, or is gone.

const chainKey = 'team/proofs';
const forAppend: OpenOptions = { key: testKey, forAppend: true };

let server: TestServer;
let proxy: LyingProxy;
let home: string;
let notices: Notice[];

beforeEach(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
  proxy = await LyingProxy.start(server.address);
  home = await temporaryHome();
  notices = [];
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** As another run of one program. */
function connect(): Promise<AtedbClient> {
  return testClient(proxy.address, { home, onNotice: (notice) => notices.push(notice) });
}

async function append(...texts: string[]): Promise<void> {
  await using client = await connect();
  const chain = await client.open(chainKey, forAppend);
  for (const data of texts) await chain.append({ data });
}

async function events() {
  await using reader = await testClient(server.address);
  const chain = await reader.open(chainKey);
  return await all(chain.read({ from: 1 }));
}

test('no altered byte of the conversation or the proof is believed, and nothing is appended', async () => {
  await append('first');
  await using client = await connect();
  // Both answers: tag and length of the message, and of its one field, then 32 bytes.
  const each = isLong ? Array.from({ length: 36 }, (_, at) => at) : [0, 1, 2, 3, 4, 20, 35];
  for (const at of [...each, ...each.map((byte) => 36 + byte)]) {
    let before = 0;
    proxy.lie = (method, answer) => {
      const offset = at - before;
      if (method !== 'append') return answer;
      before += answer.length;
      if (offset < 0 || offset >= answer.length) return answer;
      const altered = Buffer.from(answer);
      altered[offset] = (altered[offset] ?? 0) ^ 0x01;
      return altered;
    };
    const chain = await client.open(chainKey, forAppend);
    const error = await chain.append({ data: 'x' }).catch((reason) => reason);
    expect(error, `byte ${at}`).toBeInstanceOf(AtedbError);
    expect(['VERIFICATION_FAILED', 'SIGNATURE_INVALID'], error.message).toContain(error.reason);
    proxy.lie = (_method, answer) => answer;
    await chain.close();
  }
  expect(await events()).toHaveLength(1);
});

test('what the server says of its identity is compared with the genesis before anything is proven', async () => {
  await append('first');
  const called: string[] = [];
  const lie: Lie = (method, answer) => {
    called.push(method);
    if (method !== 'openChain') return answer;
    const opened = fromBinary(OpenChainResponseSchema, answer);
    const { publicKey } = KeyPair.generate({ forSigningOnly: true });
    const serverIdentity = { $typeName: 'atedb.v1.PublicKey' as const, ...publicKey.toFields() };
    return Buffer.from(toBinary(OpenChainResponseSchema, { ...opened, serverIdentity }));
  };
  proxy.lie = lie;
  await using client = await connect();
  for (const signBatches of [false, true]) {
    await expect(client.open(chainKey, { ...forAppend, signBatches })).rejects.toMatchObject({
      reason: 'SERVER_IDENTITY_MISMATCH',
    });
  }
  proxy.lie = (_method, answer) => answer;
  const chain = await client.open(chainKey, forAppend);
  called.length = 0;
  proxy.lie = lie;
  // The server may be another one only when the append stream is opened.
  await expect(chain.append({ data: 'x' })).rejects.toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
  });
  expect(new Set(called)).toEqual(new Set(['openChain']));
});

test('a batch that the server made up in our name is never gone on from', async () => {
  await append('first');
  const [first] = await events();
  const { chainId, salt, previous } = await slotOfFirst();
  const forged = sealBatch({
    writer: { chainId, fingerprint: testKey.publicKey.fingerprint, salt },
    counter: 2,
    previous,
    eventHeaders: [testEvent('made up').header],
  });
  const lastSeal = fromBinary(SealSchema, parseSealOfRun(await signBatch([], forged, [])).bytes);
  proxy.lie = (method, answer) => {
    if (method !== 'openChain') return answer;
    const opened = fromBinary(OpenChainResponseSchema, answer);
    if (opened.writer?.lastSeal === undefined) return answer;
    const writer = create(WriterStateSchema, { nextCounter: 3n, lastSeal });
    return Buffer.from(toBinary(OpenChainResponseSchema, { ...opened, writer }));
  };
  notices = [];
  await append('second', 'third');
  expect(notices.map(({ kind }) => kind)).toEqual(['new-writer']);
  const [, second, third] = await events();
  expect(second?.writerId).not.toEqual(first?.writerId);
  expect(third?.writerId).toEqual(second?.writerId);

  async function slotOfFirst() {
    using raw = server.client();
    const opened = await raw.openChain({ chainKey, writerId: first?.writerId ?? Buffer.alloc(0) });
    const { header } = opened.writer?.lastSeal ?? {};
    const seal = parseSealOfRun(
      await signBatch([], { header: Buffer.from(header ?? []), hash: Buffer.alloc(32) }, []),
    );
    expect(seal.counter).toBe(1);
    return { chainId: seal.chainId, salt: seal.writerSalt, previous: seal.hash };
  }
});

test('a client that is closed while its key is being proven, and nobody waits, ends at once', async () => {
  await append('first');
  await using client = await connect();
  const chain = await client.open(chainKey, forAppend);
  const enough = new AbortController();
  let closed: Promise<void> | undefined;
  proxy.lie = (method, answer) => {
    if (method === 'append') {
      enough.abort(new Error('enough'));
      closed ??= chain.close();
    }
    return answer;
  };
  await expect(chain.append({ data: 'x' }, { signal: enough.signal })).rejects.toThrow('enough');
  await closed;
  expect(await events()).toHaveLength(1);
});

test('a server that never answers the proof is given up with the chain', async () => {
  await append('first');
  await using client = await connect();
  const chain = await client.open(chainKey, forAppend);
  proxy.lie = (method, answer) => (method === 'append' ? undefined : answer);
  await expect(chain.append({ data: 'x' }, { timeoutMs: 50 })).rejects.toMatchObject({
    reason: 'DEADLINE_EXCEEDED',
    metadata: { outcome: 'not-sent' },
  });
  await chain.close();
});

test('closing ends it too where nobody waits for the append any more before the proof has begun', async () => {
  await append('first');
  await using client = await connect();
  const chain = await client.open(chainKey, forAppend);
  proxy.lie = (method, answer) => (method === 'append' ? undefined : answer);
  const caller = new AbortController();
  const appended = chain.append({ data: 'x' }, { signal: caller.signal });
  // It is asking where the writer stands: the answer takes longer than this.
  await nextTurn();
  caller.abort();
  await expect(appended).rejects.toMatchObject({ name: 'AbortError' });
  await chain.close();
});

test('who vouches is told of each event: live, and of one that is asked for by itself', async () => {
  await using client = await connect();
  const chain = await client.open(chainKey, { ...forAppend, signBatches: true });
  await chain.append({ data: 'signed' });
  const unsigned = await client.open(chainKey, forAppend);
  await unsigned.append({ data: 'unsigned' });
  const live = await take(chain.subscribe(), 3);
  expect(live.map(({ vouchedBy }) => vouchedBy)).toEqual(['writer', 'writer', 'server']);
  const got = await Promise.all([1, 2].map((sequence) => chain.get({ sequence })));
  expect(got.map((event) => event?.vouchedBy)).toEqual(['writer', 'server']);
});
