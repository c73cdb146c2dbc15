import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { chainDelegationsMax } from '../bytes/index.ts';
import { KeyPair, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import { type ParsedDelegation, parseDelegation } from '../event/index.ts';
import {
  checkDelegationPath,
  checkScopeOfPath,
  checkTimesOfPath,
  signDelegation,
  verifyDelegations,
} from './delegation-path.ts';
import { Delegations } from './delegations.ts';
import { KeyRing } from './key-ring.ts';
import { takeBackAll, type Undo } from './undo.ts';

const [root, first, second, mallory] = Array.from({ length: 4 }, () =>
  KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }),
) as [KeyPair, KeyPair, KeyPair, KeyPair];
const claim = {
  chains: ['example.com/me/*', 'team/mydb'],
  mayWrite: true,
  mayRead: true,
  notBeforeUnixMs: 100,
  expiresUnixMs: 200,
  serial: randomBytes(16),
};
type Claim = Partial<typeof claim>;

const delegate = (issuer: KeyPair, subject: KeyPair, others: Claim = {}) =>
  signDelegation({ ...claim, ...others }, { issuer, subject });
const invalid = expect.objectContaining({ reason: 'DELEGATION_INVALID' });

const given = await delegate(root, first);

test('a path is verified from the key that it begins with on', async () => {
  const path = [given, await delegate(first, second)];
  checkDelegationPath(path);
  await verifyDelegations(path, root.publicKey);
  await expect(verifyDelegations(path, mallory.publicKey)).rejects.toEqual(invalid);
});

const narrower: Record<string, Claim> = {
  'the same': {},
  'one chain of an owner': { chains: ['example.com/me/mydb'] },
  'the owner alone': { chains: ['example.com/me/*'] },
  'reading alone': { mayWrite: false },
  'writing alone': { mayRead: false },
  'a shorter time': { notBeforeUnixMs: 150, expiresUnixMs: 160 },
};

test.each(Object.entries(narrower))('%s may be given on', async (_what, others) => {
  const path = [given, await delegate(first, second, others)];
  checkDelegationPath(path);
  await verifyDelegations(path, root.publicKey);
});

const wider: Record<string, Claim> = {
  'another chain': { chains: ['team/other'] },
  'all chains of an owner, of one of them': { chains: ['team/*'] },
  'chains of somebody else, too': { chains: ['example.com/me/*', 'example.com/you/x'] },
  'a longer time': { expiresUnixMs: 201 },
  'a time that begins earlier': { notBeforeUnixMs: 99 },
};

test.each(Object.entries(wider))(
  '%s may not be given on: a widened token',
  async (_what, others) => {
    const path = [given, await delegate(first, second, others)];
    expect(() => checkDelegationPath(path)).toThrow(invalid);
  },
);

test.each([
  ['writing', { mayWrite: false }],
  ['reading', { mayRead: false }],
])('%s may not be given on by whom it was not given to', async (_what, others) => {
  const path = [await delegate(root, first, others), await delegate(first, second)];
  expect(() => checkDelegationPath(path)).toThrow(invalid);
});

test('what does not follow, or leads back, is no path', async () => {
  const [other, back] = await Promise.all([delegate(mallory, second), delegate(first, root)]);
  expect(() => checkDelegationPath([given, other])).toThrow(invalid);
  expect(() => checkDelegationPath([given, back])).toThrow(invalid);
});

test('no byte of a delegation can be changed: a stolen token', async () => {
  // Of the long parts, a few.
  for (let at = 0; at < given.bytes.length; at += at < 120 ? 1 : 61) {
    const bytes = Buffer.from(given.bytes);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await expect(verifyParsed(bytes), `byte ${at}`).rejects.toBeInstanceOf(Error);
  }
});

async function verifyParsed(bytes: Buffer): Promise<void> {
  await verifyDelegations([parseDelegation(bytes)], root.publicKey);
}

test('nobody delegates to a key that is not theirs', async () => {
  // Mallory has the delegation signed by a key of her own in place of its subject's.
  const forged = await signDelegation(claim, {
    issuer: mallory,
    subject: Object.assign(Object.create(mallory), {
      publicKey: first.publicKey,
      sign: (context: string, message: Buffer) => mallory.sign(context, message),
    }),
  });
  await expect(verifyDelegations([forged], mallory.publicKey)).rejects.toEqual(invalid);
});

test('it counts in its chains, for its rights, from its first moment to the one before its last', async () => {
  const path = [await delegate(root, first, { mayRead: false })];
  checkScopeOfPath(path, 'example.com/me/any', 'to write');
  const outOfScope = expect.objectContaining({ reason: 'DELEGATION_OUT_OF_SCOPE' });
  expect(() => checkScopeOfPath(path, 'example.com/you/any')).toThrow(outOfScope);
  expect(() => checkScopeOfPath(path, 'team/mydb', 'to read')).toThrow(outOfScope);
  for (const at of [100, 199]) checkTimesOfPath(path, at);
  for (const at of [99, 200]) {
    expect(() => checkTimesOfPath(path, at)).toThrow(
      expect.objectContaining({ reason: 'DELEGATION_EXPIRED' }),
    );
  }
});

test('a chain knows so many, of which those that have expired make room, and that can be taken back', () => {
  const made = (number: number, expiresUnixMs: number): ParsedDelegation => ({
    ...given,
    expiresUnixMs,
    serial: Buffer.from(number.toString(16).padStart(32, '0'), 'hex'),
  });
  const known = new Delegations([]);
  const keys = new KeyRing({ roots: [], others: [], changed: [] });
  for (let number = 0; number < chainDelegationsMax; number += 1) {
    known.learn([made(number, number < 10 ? 150 : 200)], 100, keys, []);
  }
  // It is known already, so it takes no room.
  known.learn([made(5, 150)], 100, keys, []);
  const before = known.record();
  const undo: Undo = [];
  expect(() => known.learn([made(5_000, 200)], 149, keys, undo)).toThrow(
    expect.objectContaining({ reason: 'TOO_MANY_DELEGATIONS' }),
  );
  takeBackAll(undo);
  expect(known.record()).toEqual(before);
  known.learn([made(5_000, 200)], 150, keys, undo);
  expect(known.record()).toHaveLength(chainDelegationsMax - 9);
  takeBackAll(undo);
  expect(known.record()).toEqual(before);
  expect(new Delegations(before).record()).toEqual(before);
});

test('delegations by a key that was ended, and those to one, make room, however long they count', () => {
  const made = (number: number): ParsedDelegation => ({
    ...given,
    serial: Buffer.from(number.toString(16).padStart(32, '0'), 'hex'),
  });
  const one = { mayWrite: true, notBeforeUnixMs: 0, expiresUnixMs: 200 };
  const record = Array.from({ length: chainDelegationsMax }, (_, number) => {
    const [subject, issuer] = number < 7 ? ['taken', 'root'] : [`${number}`, 'flooder'];
    return { ...one, subject, issuer, serial: number.toString(16).padStart(32, '0') };
  });
  const full = expect.objectContaining({ reason: 'TOO_MANY_DELEGATIONS' });
  for (const [ended, left] of [
    ['taken', chainDelegationsMax - 6],
    ['flooder', 8],
  ] as const) {
    const known = new Delegations(record);
    const keys = new KeyRing({ roots: [], others: [], changed: [] });
    expect(() => known.learn([made(9_000)], 100, keys, [])).toThrow(full);
    keys.change(ended, undefined, []);
    const before = known.record();
    const undo: Undo = [];
    known.learn([made(9_000)], 100, keys, undo);
    expect(known.record()).toHaveLength(left);
    takeBackAll(undo);
    expect(known.record()).toEqual(before);
  }
});

test('paths of four are followed, and no longer ones, also where they lead in a circle', () => {
  const one = { serial: '00', mayWrite: true, notBeforeUnixMs: 0, expiresUnixMs: 200 };
  const line = ['a', 'b', 'c', 'd', 'e', 'f'];
  const record = line.slice(1).map((subject, at) => ({ ...one, subject, issuer: line[at] ?? '' }));
  const circle = { ...one, subject: 'a', issuer: 'f' };
  const known = new Delegations([...record, circle]);
  const keys = new KeyRing({ roots: [], others: [], changed: [] });
  expect(known.standsFor('e', 100, keys)).toEqual(['d', 'c', 'b', 'a']);
  expect(known.standsFor('f', 100, keys)).toEqual(['e', 'd', 'c', 'b']);
  expect(known.standsFor('e', 200, keys)).toEqual([]);
  keys.change('c', undefined, []);
  expect(known.standsFor('e', 100, keys)).toEqual(['d']);
});
