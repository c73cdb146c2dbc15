import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { OwnerReply } from '../src/auth/index.ts';
import { KeyPair } from '../src/client/index.ts';
import { type PublicKey, signatureContexts } from '../src/crypto/index.ts';
import {
  authAnswerHeader,
  encodeAuthAnswer,
  parseAuthAnswer,
  parseChainKey,
} from '../src/event/index.ts';
import { dayMs, OwnersWorld } from './support/owners-world.ts';

// What becomes of chains while their auth service is gone, is changed, or lies.

const [mine, next, liar] = [1, 2, 3].map(() => KeyPair.generate()) as [KeyPair, KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const owner = 'me@example.com';

/** A world with a chain that has one event. */
async function begun(): Promise<OwnersWorld> {
  const world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine);
  await chain.append({ data: 'one' });
  return world;
}

/** Append by a client that opens the chain anew. */
async function append(world: OwnersWorld, data: string, key = mine): Promise<void> {
  const chain = await world.open(chainKey, key);
  await chain.append({ data });
}

test('a chain opens while the service is gone, takes events until its answer expires, reads on, and goes on when the service is back', async () => {
  await using world = await begun();
  world.isDown = true;
  await world.restart();
  await append(world, 'two');
  world.nowUnixMs += 8 * dayMs;
  await expect(append(world, 'three')).rejects.toMatchObject({
    reason: 'AUTH_ANSWER_EXPIRED',
    metadata: { owner },
  });
  expect(await world.read(chainKey)).toEqual(['one', 'two']);
  world.isDown = false;
  // It is tried again at intervals.
  world.nowUnixMs += 11_000;
  await append(world, 'four');
  expect(await world.kinds(chainKey)).toEqual(['genesis', 'data', 'data', 'auth_answer', 'data']);
});

test('an answer is made new when more than half of its life is gone, and not before', async () => {
  await using world = await begun();
  world.nowUnixMs += 3 * dayMs;
  await append(world, 'two');
  world.nowUnixMs += dayMs;
  await append(world, 'three');
  world.nowUnixMs += 61_000;
  await append(world, 'four');
  expect(await world.kinds(chainKey)).toEqual([
    ...['genesis', 'data', 'data', 'auth_answer', 'data', 'data'],
  ]);
});

test('an account that was removed freezes its chains, and has no new ones', async () => {
  await using world = await begun();
  world.accounts.set(owner, { roots: [mine.publicKey], isRemoved: true });
  world.nowUnixMs += 61_000;
  await expect(append(world, 'two')).rejects.toMatchObject({ reason: 'OWNER_REMOVED' });
  expect(await world.read(chainKey)).toEqual(['one']);
  const other = await world.open('example.com/me/other', mine);
  await expect(other.append({ data: 'x' })).rejects.toMatchObject({ reason: 'OWNER_REMOVED' });
});

test('identities of the server and of the service that were rotated are followed by events, and all replays verify', async () => {
  await using world = await begun();
  await world.rotateServer();
  await append(world, 'two');
  await world.rotateService();
  world.accounts.set(owner, { roots: [mine.publicKey, next.publicKey] });
  world.nowUnixMs += 61_000;
  await append(world, 'three', next);
  expect(await world.kinds(chainKey)).toEqual([
    ...['genesis', 'data', 'data'],
    ...['server_identity', 'server_identity', 'auth_answer', 'data'],
  ]);
  // Whoever reads the end alone needs no more than what is shown there.
  const client = await world.client();
  const chain = await client.open(chainKey, { checkRules: false });
  const last = await chain.get({ sequence: 5 });
  expect(last?.kind).toBe('auth_answer');
});

test('more retired keys than an answer has room for come in several', async () => {
  await using world = await begun();
  const retired = Array.from(
    { length: 400 },
    () => ({ fingerprint: randomBytes(32) }) as PublicKey,
  );
  const pairs = retired.map((key) => [key, undefined] as const);
  world.accounts.set(owner, { roots: [mine.publicKey], retires: pairs.slice(0, 200) });
  world.accounts.set(owner, { roots: [mine.publicKey], retires: pairs.slice(200) });
  world.nowUnixMs += 61_000;
  await append(world, 'two');
  expect(await world.kinds(chainKey)).toEqual([
    ...['genesis', 'data', 'auth_answer', 'auth_answer', 'data'],
  ]);
  using lease = await world.running.registry.open(parseChainKey(chainKey));
  const { keys } = lease.chain.authority;
  expect(retired.every(({ fingerprint }) => keys.isChanged(fingerprint.toString('hex')))).toBe(
    true,
  );
});

/** What a service signs that isn't the one that the chain knows. */
async function forged(answer: Buffer, by: KeyPair, changes: object = {}): Promise<Buffer> {
  const claim = { ...parseAuthAnswer(answer), identity: by.publicKey, ...changes };
  const header = authAnswerHeader(claim);
  const signature = await by.sign(signatureContexts.authAnswer, header);
  return encodeAuthAnswer(header, by.publicKey, signature);
}

const altered = (at: number) => (answer: Buffer) => {
  const changed = Buffer.from(answer);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
};

const lies: Record<string, (answer: Buffer, world: OwnersWorld) => Buffer | Promise<Buffer>> = {
  'altered in its keys': altered(200),
  'altered in its signature': (answer) => altered(answer.length - 100)(answer),
  'no answer at all': () => randomBytes(400),
  'signed by another service': (answer) => forged(answer, liar),
  'signed by another service, in the name of this one': async (answer, { service }) => {
    const { publicKey } = service.keyPair;
    const header = authAnswerHeader(parseAuthAnswer(answer));
    return encodeAuthAnswer(
      header,
      publicKey,
      await liar.sign(signatureContexts.authAnswer, header),
    );
  },
  'about another owner': (answer, { service }) =>
    forged(answer, service.keyPair, { owner: { kind: 'group', text: 'team', group: 'team' } }),
  'older than the one that the chain has': (answer, { service }) =>
    forged(answer, service.keyPair, { version: 0, expiresUnixMs: 2 }),
  expired: (answer, { service }) =>
    forged(answer, service.keyPair, { issuedUnixMs: 1, expiresUnixMs: 2 }),
  'rotated from another one': async (answer, world) => {
    await world.rotateService();
    return forged(answer, world.service.keyPair);
  },
};

test.each(Object.entries(lies))(
  'an answer that is %s is not taken, and the chain goes on with what it knows',
  async (_name, lie) => {
    await using world = await begun();
    world.accounts.set(owner, { roots: [next.publicKey] });
    world.tamper = async (reply: OwnerReply) =>
      reply.kind === 'answer' ? { ...reply, answer: await lie(reply.answer, world) } : reply;
    world.nowUnixMs += 61_000;
    await append(world, 'two');
    await expect(append(world, 'three', next)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
    expect(await world.kinds(chainKey)).toEqual(['genesis', 'data', 'data']);
  },
);

test('an answer that was true once is not taken again after a newer one', async () => {
  await using world = await begun();
  const replies: OwnerReply[] = [];
  world.tamper = async (reply) => {
    replies.push(reply);
    return reply;
  };
  for (const roots of [[next.publicKey], [mine.publicKey]]) {
    world.accounts.set(owner, { roots });
    world.nowUnixMs += 61_000;
    await append(world, 'x').catch(() => undefined);
  }
  const first = replies.find(({ kind }) => kind === 'answer') as OwnerReply;
  world.tamper = async () => first;
  world.nowUnixMs += 61_000;
  await append(world, 'two');
  expect((await world.kinds(chainKey)).filter((kind) => kind === 'auth_answer')).toHaveLength(2);
  await expect(append(world, 'three', next)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
});

test('while the service is gone it is asked once in a while, however many chains are opened', async () => {
  await using world = await begun();
  const keys = Array.from({ length: 8 }, (_, index) => `example.com/me/chain_${index}`);
  for (const key of keys) {
    const chain = await world.open(key, mine);
    await chain.append({ data: 'x' });
  }
  world.isDown = true;
  await world.restart();
  world.questions = 0;
  for (const key of keys) {
    const chain = await world.open(key, mine);
    await chain.append({ data: 'y' });
  }
  expect(world.questions).toBe(1);
  // Then one of them finds out whether it is back, and all know.
  world.isDown = false;
  world.nowUnixMs += 61_000;
  for (const key of keys) {
    const chain = await world.open(key, mine);
    await chain.append({ data: 'z' });
  }
  expect(world.questions).toBe(1 + keys.length);
});

test('roots are recorded in the chain: a service that has lost an account, and gives its name to somebody else, gives them nothing of its chains', async () => {
  await using world = await begun();
  world.accounts.forget(owner);
  world.nowUnixMs += 61_000;
  await append(world, 'two');
  world.accounts.set(owner, { roots: [liar.publicKey] });
  world.nowUnixMs += 4 * dayMs;
  await append(world, 'three');
  await expect(append(world, 'four', liar)).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect(await world.kinds(chainKey)).toEqual(['genesis', 'data', 'data', 'data']);
});
