import { expect, test } from 'vitest';
import { KeyPair } from '../src/client/index.ts';
import { OwnersWorld } from './support/owners-world.ts';

const [mine, others, next] = [1, 2, 3].map(() => KeyPair.generate()) as [KeyPair, KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const owner = 'me@example.com';

test('a chain is created as its auth service says whose it is, by the server alone, and belongs to that owner', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine);
  await chain.append({ data: 'one' });
  const { genesis } = chain;
  expect(genesis?.answer?.owner.text).toBe(owner);
  expect(genesis?.answer?.identity).toEqual(world.service.keyPair.publicKey);
  expect(genesis?.roots.map(({ fingerprintHex }) => fingerprintHex)).toEqual([
    mine.publicKey.fingerprintHex,
  ]);
  expect(genesis?.serverIdentity).toEqual(world.server.keyPair.publicKey);
  expect(await world.read(chainKey)).toEqual(['one']);
  // Whoever isn't the owner neither writes to a chain that is there, nor creates another one.
  const stranger = await world.open(chainKey, others);
  await expect(stranger.append({ data: 'two' })).rejects.toMatchObject({
    reason: 'KEY_NOT_ALLOWED',
  });
  const other = await world.open('example.com/me/other', others);
  await expect(other.append({ data: 'two' })).rejects.toMatchObject({
    reason: 'KEY_NOT_ALLOWED',
    metadata: { owner, fingerprint: others.publicKey.fingerprintHex },
  });
  expect(await world.read(chainKey)).toEqual(['one']);
});

test('what was wished for is what the chain is', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine, { private: true });
  await chain.append({ data: 'one' });
  expect(chain.genesis).toMatchObject({ isPrivate: true, isConfidential: false });
  const client = await world.client();
  await expect(client.open(chainKey, { key: others })).rejects.toMatchObject({
    reason: 'KEY_NOT_ALLOWED',
  });
});

test('of an owner whom nobody is, the error names the one command that creates it', async () => {
  await using world = await OwnersWorld.start();
  const chain = await world.open(chainKey, mine);
  await expect(chain.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    message: expect.stringContaining('atedb user create me@example.com'),
    metadata: { owner, claimable: 'true' },
  });
  const group = await world.open('team/notes', mine);
  await expect(group.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'OWNER_UNKNOWN',
    message: expect.stringContaining('atedb group create team'),
    metadata: { owner: 'team' },
  });
});

test('a key that was replaced writes no more, and its successor does; the chain says when that was', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine);
  await chain.append({ data: 'one', write: [mine.publicKey.fingerprint], name: 'ruled' });
  world.accounts.set(owner, {
    roots: [next.publicKey],
    retires: [[mine.publicKey, next.publicKey]],
  });
  // It is asked when somebody appends, and was asked longer ago than it may be.
  world.nowUnixMs += 61_000;
  const again = await world.open(chainKey, mine);
  await expect(again.append({ data: 'two' })).rejects.toMatchObject({
    reason: 'KEY_REVOKED',
    metadata: { successor: next.publicKey.fingerprintHex },
  });
  const follower = await world.open(chainKey, next);
  // The rule names the key of before, and the one that has its place counts.
  await follower.append({ data: 'three', name: 'ruled' });
  await follower.append({ data: 'four' });
  expect(await world.read(chainKey)).toEqual(['one', 'three', 'four']);
  expect(await world.kinds(chainKey)).toEqual(['genesis', 'data', 'auth_answer', 'data', 'data']);
});

test('a service that lies names other roots, for all to see, and what was sealed before stays sealed', async () => {
  await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
  const chain = await world.open(chainKey, mine, { confidential: true });
  await chain.setReaders([]);
  await chain.append({ data: 'the plan' });
  world.accounts.set(owner, { roots: [others.publicKey] });
  world.nowUnixMs += 61_000;
  const taken = await world.open(chainKey, others, { confidential: true });
  await taken.setReaders([]);
  await taken.append({ data: 'theirs' });
  expect(await world.kinds(chainKey)).toContain('auth_answer');
  const client = await world.client();
  const reader = await client.open(chainKey, { key: others });
  const texts: string[] = [];
  for await (const { kind, data, sealed } of reader.read()) {
    if (kind === 'data') texts.push(sealed?.state === 'open' ? data.toString() : 'sealed');
  }
  expect(texts).toEqual(['sealed', 'theirs']);
});
