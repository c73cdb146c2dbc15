import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  AppendResponseSchema,
  type OpenChainResponse,
  OpenChainResponseSchema,
  SubscribeResponseSchema,
} from '../gen/atedb/v1/chain_pb.js';
import { CheckpointKeysSchema } from '../gen/atedb/v1/checkpoint_pb.js';
import { PublicKeySchema } from '../gen/atedb/v1/event_pb.js';
import type { AtedbClient } from '../src/client/index.ts';
import { KeyPair, NoteKeyPair } from '../src/crypto/index.ts';
import { parseCheckpoint } from '../src/event/index.ts';
import { certifyCheckpointKeys, signCheckpoint } from '../src/trust/index.ts';
import { type Lie, LyingProxy } from './support/lying-proxy.ts';
import { rounds } from './support/scale.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A server, or somebody on the way to it, that lies about what was signed.

const chainKey = 'team/signed';
const doubts = ['VERIFICATION_FAILED', 'HEAD_CONFLICT'];
const truth: Lie = (_method, answer) => answer;

let server: TestServer;
let proxy: LyingProxy;

beforeAll(async () => {
  server = await TestServer.start();
  proxy = await LyingProxy.start(server.address);
  await using client = await testClient(server.address);
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let at = 0; at < 4; at += 1) await chain.append({ data: `${at}` });
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function lying<T>(lie: Lie, act: (client: AtedbClient) => Promise<T>): Promise<T> {
  await using client = await testClient(proxy.address);
  proxy.lie = lie;
  try {
    return await act(client);
  } finally {
    proxy.lie = truth;
  }
}

/** A lie about openings. */
function ofOpening(alter: (answer: OpenChainResponse) => void): Lie {
  return (method, bytes) => {
    if (method !== 'openChain') return bytes;
    const answer = fromBinary(OpenChainResponseSchema, bytes);
    alter(answer);
    return Buffer.from(toBinary(OpenChainResponseSchema, answer));
  };
}

/** The true answer to an opening. */
async function opening(chain = chainKey): Promise<OpenChainResponse> {
  using raw = server.client();
  return await raw.openChain({ chainKey: chain });
}

/** A checkpoint of any head, signed by a key that the server doesn't have. */
async function forged(keys: NoteKeyPair, answer: OpenChainResponse): Promise<string> {
  const { chainId } = parseCheckpoint(answer.checkpoint);
  const head = { size: Number(answer.head?.size), root: Buffer.from(answer.head?.root ?? []) };
  return signCheckpoint({ chainId, head, timeUnixS: 1_700_000_000 }, keys);
}

describe('an opening', () => {
  const open = (client: AtedbClient) => client.open(chainKey);

  test('is believed with all that was signed', async () => {
    await lying(truth, open);
  });

  test.each<[string, (answer: OpenChainResponse) => void]>([
    ['without a checkpoint', (answer) => Object.assign(answer, { checkpoint: '' })],
    ['without its keys', (answer) => Object.assign(answer, { checkpointKeys: undefined })],
    [
      'with one of its keys twice',
      ({ checkpointKeys }) => {
        if (checkpointKeys !== undefined) checkpointKeys.mldsa44 = checkpointKeys.ed25519;
      },
    ],
    [
      'without the identity that has signed the keys',
      ({ checkpointKeys }) => {
        if (checkpointKeys !== undefined) checkpointKeys.signature = undefined;
      },
    ],
    [
      'with the ML-DSA-44 line alone',
      (answer) => {
        const [text, lines = ''] = answer.checkpoint.split('\n\n');
        answer.checkpoint = `${text}\n\n${lines.split('\n')[1]}\n`;
      },
    ],
    [
      'with the Ed25519 line alone',
      (answer) => {
        const [text, lines = ''] = answer.checkpoint.split('\n\n');
        answer.checkpoint = `${text}\n\n${lines.split('\n')[0]}\n`;
      },
    ],
    [
      'with another size in the text',
      (answer) => {
        answer.checkpoint = answer.checkpoint.replace(/\n\d+\n/, '\n3\n');
      },
    ],
    [
      'with a proof from its checkpoint to another head',
      (answer) => {
        answer.checkpointConsistency = [new Uint8Array(32)];
      },
    ],
  ])('%s is refused', async (_what, alter) => {
    const error = await lying(ofOpening(alter), open).catch((reason) => reason);
    expect(doubts).toContain(error.reason);
  });

  test('of a chain in trouble may be without one, since what is left must not be signed', async () => {
    const alter = (answer: OpenChainResponse) =>
      Object.assign(answer, { checkpoint: '', checkpointConsistency: [], trouble: 'damaged' });
    const chain = await lying(ofOpening(alter), open);
    expect(chain.checkpoint).toBeUndefined();
  });

  test('with a checkpoint of another chain, or signed by keys of another server, is refused', async () => {
    await using client = await testClient(server.address);
    await using other = await client.open('team/other', { key: testKey, forAppend: true });
    await other.append({ data: 'x' });
    const { checkpoint } = await opening('team/other');
    const ofOther = ofOpening((answer) => Object.assign(answer, { checkpoint }));
    await expect(lying(ofOther, open)).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });

    const keys = NoteKeyPair.generate();
    const note = await forged(keys, await opening());
    const unknown = ofOpening((answer) => Object.assign(answer, { checkpoint: note }));
    await expect(lying(unknown, open)).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });

    // Keys of its own, with another identity's word for them.
    const { message } = await certifyCheckpointKeys(keys.publicKeys, KeyPair.generate());
    const checkpointKeys = fromBinary(CheckpointKeysSchema, message);
    const foreign = ofOpening((answer) =>
      Object.assign(answer, { checkpoint: note, checkpointKeys }),
    );
    await expect(lying(foreign, open)).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
  });

  test('has no byte of its note that may be another', async () => {
    const { checkpoint } = await opening();
    await fc.assert(
      fc.asyncProperty(fc.nat(checkpoint.length - 1), async (at) => {
        const character = checkpoint[at] === 'A' ? 'B' : 'A';
        const altered = checkpoint.slice(0, at) + character + checkpoint.slice(at + 1);
        const lie = ofOpening((answer) => Object.assign(answer, { checkpoint: altered }));
        const error = await lying(lie, open).catch((reason) => reason);
        expect(error.reason).toBe('VERIFICATION_FAILED');
      }),
      { numRuns: rounds({ short: 8, long: 300 }) },
    );
  });
});

test('a server that answers with another identity is told loudly, and its checkpoints are not taken', async () => {
  const home = await temporaryHome();
  {
    await using client = await testClient(proxy.address, { home });
    await (await client.open(chainKey)).close();
  }
  const identity = KeyPair.generate({ forSigningOnly: true });
  const keys = NoteKeyPair.generate();
  const { message } = await certifyCheckpointKeys(keys.publicKeys, identity);
  const note = await forged(keys, await opening());
  proxy.lie = ofOpening((answer) => {
    const serverIdentity = create(PublicKeySchema, identity.publicKey.toFields());
    const checkpointKeys = fromBinary(CheckpointKeysSchema, message);
    Object.assign(answer, { serverIdentity, checkpointKeys, checkpoint: note });
    answer.checkpointConsistency = [];
  });
  onTestFinished(() => {
    proxy.lie = truth;
  });
  await using client = await testClient(proxy.address, { home });
  const error = await client.open(chainKey).catch((reason) => reason);
  expect(error).toMatchObject({
    reason: 'SERVER_IDENTITY_MISMATCH',
    metadata: { fingerprint: identity.publicKey.fingerprintHex },
  });
  expect(error.message).toMatch(/delete \S+head\.json/);
  // Whoever meets it for the first time has nothing to compare with.
  await using stranger = await testClient(proxy.address);
  await (await stranger.open(chainKey)).close();
});

test('an older checkpoint than one that was shown is refused, though what it says was true', async () => {
  await using client = await testClient(proxy.address);
  await using chain = await client.open(chainKey, { key: testKey });
  const old = await opening();
  await chain.append({ data: 'more' }, { wait: 'attested' });
  expect(chain.checkpoint?.head.size).toBeGreaterThan(Number(old.head?.size));
  using raw = server.client();
  const knownSize = BigInt(parseCheckpoint(old.checkpoint).head.size);
  const { consistency } = await raw.openChain({ chainKey, knownSize });
  proxy.lie = ofOpening((answer) =>
    Object.assign(answer, { checkpoint: old.checkpoint, checkpointConsistency: consistency }),
  );
  onTestFinished(() => {
    proxy.lie = truth;
  });
  const error = await chain.open({ forAppend: false }).catch((reason) => reason);
  expect(error).toMatchObject({ reason: 'HEAD_CONFLICT' });
  expect(error.message).toContain('older checkpoint');
  // To whoever meets it for the first time it is true.
  await lying(proxy.lie, (stranger) => stranger.open(chainKey));
});

describe('a batch that waits to be attested', () => {
  async function attest(lie: Lie): Promise<{ reason: string; message: string }> {
    return lying(truth, async (client) => {
      const chain = await client.open(chainKey, { key: testKey });
      proxy.lie = lie;
      const error = await chain
        .append({ data: 'x' }, { wait: 'attested', timeoutMs: 4_000 })
        .catch((reason) => reason);
      proxy.lie = truth;
      await chain.close({ signal: AbortSignal.abort(new Error('over')) }).catch(() => undefined);
      return error;
    });
  }

  const ofAttested =
    (
      alter: (attested: {
        checkpoint: string;
        inclusion: Uint8Array[];
        consistency: Uint8Array[];
      }) => void,
    ): Lie =>
    (method, bytes) => {
      if (method !== 'append') return bytes;
      const answer = fromBinary(AppendResponseSchema, bytes);
      if (answer.outcome.case !== 'attested') return bytes;
      alter(answer.outcome.value);
      return Buffer.from(toBinary(AppendResponseSchema, answer));
    };

  test.each<[string, Lie]>([
    ['no checkpoint', ofAttested((attested) => Object.assign(attested, { checkpoint: '' }))],
    ['a proof of nothing', ofAttested((attested) => Object.assign(attested, { inclusion: [] }))],
    [
      'a proof of another commit',
      ofAttested(({ inclusion }) => {
        const [first] = inclusion;
        if (first !== undefined) first[0] = (first[0] ?? 0) ^ 1;
      }),
    ],
    [
      'no proof of the history',
      ofAttested((attested) => Object.assign(attested, { consistency: [new Uint8Array(32)] })),
    ],
    [
      'an altered checkpoint',
      ofAttested((attested) => {
        attested.checkpoint = attested.checkpoint.replace(/\n\d+\n/, '\n1000\n');
      }),
    ],
  ])('is not believed with %s', async (_what, lie) => {
    expect(doubts).toContain((await attest(lie)).reason);
  });

  test('waits no longer than its caller for a checkpoint that never comes', async () => {
    const dropped: Lie = (method, bytes) => {
      const isAttested =
        method === 'append' && fromBinary(AppendResponseSchema, bytes).outcome.case === 'attested';
      return isAttested ? undefined : bytes;
    };
    expect(await attest(dropped)).toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
      metadata: { outcome: 'durable' },
    });
  });

  test('is not attested by a checkpoint from before it', async () => {
    const { checkpoint } = await opening();
    const error = await attest(ofAttested((attested) => Object.assign(attested, { checkpoint })));
    expect(doubts).toContain(error.reason);
  });
});

describe('a subscription', () => {
  async function follow(lie: Lie): Promise<{ reason: string }> {
    return lying(truth, async (client) => {
      const chain = await client.open(chainKey);
      proxy.lie = lie;
      const events = chain.subscribe({ timeoutMs: 4_000, heartbeatMs: 100 });
      return all(events).catch((reason) => reason);
    });
  }

  const ofCheckpoint =
    (alter: (note: string) => string | undefined): Lie =>
    (method, bytes) => {
      if (method !== 'subscribe') return bytes;
      const { message } = fromBinary(SubscribeResponseSchema, bytes);
      if (message.case !== 'checkpoint') return bytes;
      const value = alter(message.value);
      if (value === undefined) return undefined;
      const altered = create(SubscribeResponseSchema, { message: { case: 'checkpoint', value } });
      return Buffer.from(toBinary(SubscribeResponseSchema, altered));
    };

  test('has a checkpoint before it has caught up', async () => {
    expect(await follow(ofCheckpoint(() => undefined))).toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  });

  test('takes none that was altered, or is of another chain', async () => {
    const { checkpoint } = await opening('team/other');
    for (const alter of [
      () => checkpoint,
      (note: string) => note.replace(/\n\d+\n/, '\n2\n'),
      (note: string) => `${note}x`,
    ]) {
      const { reason } = await follow(ofCheckpoint(alter));
      expect(doubts).toContain(reason);
    }
  });
});

test('a conflict keeps no file where there is no home, and the files of others are not touched', async () => {
  const home = await temporaryHome();
  await using client = await testClient(server.address, { home });
  await (await client.open(chainKey)).close();
  const files = await readdir(join(home, 'chains'), { recursive: true });
  expect(files.some((name) => name.includes('conflict-'))).toBe(false);
  const remembered = files.find((name) => name.endsWith('head.json')) ?? '';
  const fields = JSON.parse(await readFile(join(home, 'chains', remembered), 'utf8'));
  expect(parseCheckpoint(fields.checkpoint.note).head.size).toBeGreaterThan(0);
});
