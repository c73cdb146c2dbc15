import { randomBytes } from 'node:crypto';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  DeleteChainRequestSchema,
  type DeleteChainResponse,
  DeleteChainResponseSchema,
} from '../gen/atedb/v1/chain_pb.js';
import { KeyPair, signatureContexts } from '../src/crypto/index.ts';
import { type DeletionClaim, deletionBytes, type TreeHead } from '../src/event/index.ts';
import { ByteCall } from './support/lock-call.ts';
import { TestServer } from './support/test-server.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

// Deleting a chain message by message.

const chainKey = 'team/doomed';
let server: TestServer;
let root: KeyPair;
let chainId: Buffer;
let heads: TreeHead[];

beforeAll(async () => {
  server = await TestServer.start();
  const { writer, batch, roots } = await testGenesis({ chainKey, trustMode: 'distributed' });
  root = roots[0] as KeyPair;
  chainId = writer.chainId;
  using client = server.client();
  heads = [];
  for (const { run } of [batch, await writer.batch([testEvent('x')])]) {
    const { committed } = await client.appendBatch(run, chainKey);
    const { size = 0n, root: hash = Buffer.alloc(0) } = committed?.head ?? {};
    heads.push({ size: Number(size), root: Buffer.from(hash) });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

type Request = MessageInitShape<typeof DeleteChainRequestSchema>;

class DeleteCall extends ByteCall {
  constructor() {
    super(server.address, 'DeleteChain');
  }

  send(request: Request): void {
    this.write(toBinary(DeleteChainRequestSchema, create(DeleteChainRequestSchema, request)));
  }

  async answer(): Promise<DeleteChainResponse['message'] | string> {
    const answer = await this.read();
    if (typeof answer === 'string') return answer;
    return fromBinary(DeleteChainResponseSchema, answer).message;
  }

  /** Ask for the conversation. @returns what is to be signed. */
  async begin(): Promise<DeletionClaim> {
    this.send({ chainKey, chainId });
    const answer = await this.answer();
    if (typeof answer === 'string' || answer.case !== 'conversation') throw new Error(`${answer}`);
    return {
      exporter: this.exporter,
      serverFingerprint: server.running.identity.fingerprint,
      chainId,
      conversationId: Buffer.from(answer.value.conversationId),
      fingerprint: root.publicKey.fingerprint,
      head: heads[1] as TreeHead,
    };
  }

  async wish(
    claim: DeletionClaim,
    { key = root, context = signatureContexts.deleteChain as string, head = claim.head } = {},
  ): Promise<Request> {
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(context, deletionBytes(claim));
    return {
      deletion: {
        head: { size: BigInt(head.size), root: head.root },
        signature: { suite, fingerprint, signature },
      },
    };
  }
}

async function isThere(): Promise<boolean> {
  using client = server.client();
  const opened = await client.openChain({ chainKey }).catch(() => undefined);
  return opened?.genesis !== undefined;
}

test('a wish counts for what it says, and for nothing else', async () => {
  using another = new DeleteCall();
  const { conversationId: elsewhere } = await another.begin();
  const parts: Partial<DeletionClaim>[] = [
    { serverFingerprint: randomBytes(32) },
    { chainId: randomBytes(32) },
    { conversationId: elsewhere },
    { fingerprint: randomBytes(32) },
    { exporter: randomBytes(32) },
  ];
  for (const part of parts) {
    using call = new DeleteCall();
    const claim = await call.begin();
    call.send(await call.wish({ ...claim, ...part }));
    expect(await call.answer(), Object.keys(part)[0]).toBe('SIGNATURE_INVALID');
  }
  for (const context of [signatureContexts.proof, signatureContexts.lock, signatureContexts.seal]) {
    using call = new DeleteCall();
    call.send(await call.wish(await call.begin(), { context }));
    expect(await call.answer()).toBe('SIGNATURE_INVALID');
  }
  // Another head than was signed.
  using call = new DeleteCall();
  call.send(await call.wish(await call.begin(), { head: heads[0] as TreeHead }));
  expect(await call.answer()).toBe('SIGNATURE_INVALID');
  expect(await isThere()).toBe(true);
});

test('a head that the chain never had is of another chain, or of a time that is gone', async () => {
  const [first, last] = heads as [TreeHead, TreeHead];
  for (const head of [
    { size: 0, root: last.root },
    { size: 1, root: last.root },
    { size: 3, root: last.root },
    { size: 2, root: first.root },
  ]) {
    using call = new DeleteCall();
    const claim = await call.begin();
    call.send(await call.wish({ ...claim, head }));
    expect(await call.answer(), String(head.size)).toBe('AS_OF_INVALID');
  }
  expect(await isThere()).toBe(true);
});

test('a stranger is refused, and so is whatever else comes', async () => {
  using stranger = new DeleteCall();
  const key = KeyPair.generate();
  const claim = { ...(await stranger.begin()), fingerprint: key.publicKey.fingerprint };
  stranger.send(await stranger.wish(claim, { key }));
  expect(await stranger.answer()).toBe('KEY_NOT_ALLOWED');
  const firsts: [Request, string][] = [
    [{}, 'REQUEST_INVALID'],
    [{ chainKey }, 'REQUEST_INVALID'],
    [{ chainKey, chainId: randomBytes(32) }, 'CHAIN_ID_MISMATCH'],
    [{ chainKey: 'team/nowhere', chainId }, 'CHAIN_NOT_FOUND'],
    [{ chainKey: 'no key', chainId }, 'CHAIN_KEY_INVALID'],
    [{ chainKey, chainId, deletion: {} }, 'REQUEST_INVALID'],
  ];
  for (const [request, reason] of firsts) {
    using call = new DeleteCall();
    call.send(request);
    expect(await call.answer()).toBe(reason);
  }
  for (const request of [
    {},
    { chainKey },
    { deletion: {} },
    { deletion: { head: { size: 1n } } },
  ]) {
    using call = new DeleteCall();
    await call.begin();
    call.send(request);
    expect(await call.answer()).toBe('REQUEST_INVALID');
  }
  expect(await isThere()).toBe(true);
});

test('whoever has only asked holds nobody up, and what was signed for that is worth nothing later', async () => {
  using idle = new DeleteCall();
  const late = await idle.wish(await idle.begin());
  using call = new DeleteCall();
  // An older head of the chain does, too: others may have appended since.
  const claim = { ...(await call.begin()), head: heads[0] as TreeHead };
  call.send(await call.wish(claim));
  expect(await call.answer()).toMatchObject({
    case: 'deleted',
    value: { nextSequence: 2n, head: { size: 2n } },
  });
  expect(await isThere()).toBe(false);
  idle.send(late);
  expect(await idle.answer()).toBe('CHAIN_DELETED');
});
