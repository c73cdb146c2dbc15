import { expect, test } from 'vitest';
import { KeyPair, type PublicKey } from '../crypto/index.ts';
import { parseAuthAnswer } from '../event/index.ts';
import { EmbeddedOwners } from './embedded-owners.ts';
import type { OwnerKeys } from './owner-source.ts';

const day = 24 * 60 * 60 * 1_000;

/** Owners with one key each, whose signatures are counted. */
function world() {
  const pair = KeyPair.generate();
  const state = {
    version: 1,
    nowMs: 1_700_000_000_000,
    signed: 0,
    isFailing: false,
    identity: pair,
    root: KeyPair.generate().publicKey,
    writers: [] as PublicKey[],
    admitted: [] as Buffer[],
    ...{ isUnverified: false, isRemoved: false },
  };
  const keysOf = (sinceVersion: number | undefined): OwnerKeys => ({
    ...{ version: state.version, roots: [state.root] },
    ...{ writers: state.writers, admitted: state.admitted },
    ...{ isUnverified: state.isUnverified, isRemoved: state.isRemoved },
    changed:
      sinceVersion === undefined || sinceVersion >= state.version
        ? []
        : [{ version: state.version, fingerprint: Buffer.alloc(32, 7), successor: undefined }],
  });
  const owners = new EmbeddedOwners({
    accounts: {
      ownerKeys: async (owner, since) => (owner.startsWith('no') ? undefined : keysOf(since)),
      onChange: () => () => undefined,
      claim: async () => '',
    },
    signer: () => ({
      identity: {
        publicKey: state.identity.publicKey,
        sign: async (...what) => {
          state.signed += 1;
          if (state.isFailing) throw new Error('out of order');
          return state.identity.sign(...what);
        },
      },
      rotations: [],
      lifeMs: 7 * day,
    }),
    now: () => state.nowMs,
    allowsClaims: false,
  });
  const ask = async (
    owner = 'me@example.com',
    known?: { version: number; expiresUnixMs: number },
  ) => {
    const reply = await owners.ownerAnswer({ owner, known });
    return reply.kind === 'answer' ? parseAuthAnswer(reply.answer) : undefined;
  };
  return { state, ask };
}

test('strangers who ask again and again are given one answer, until it is a fraction old', async () => {
  const { state, ask } = world();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
  expect(state.signed).toBe(1);
  expect(new Set(answers.map((answer) => answer?.issuedUnixMs)).size).toBe(1);
  state.nowMs += Math.floor((7 * day) / 33);
  await ask();
  expect(state.signed).toBe(1);
  state.nowMs += Math.floor((7 * day) / 100);
  expect((await ask())?.issuedUnixMs).toBe(state.nowMs);
  expect(state.signed).toBe(2);
  // A clock that was set back gives out nothing of the future.
  state.nowMs -= day;
  expect((await ask())?.issuedUnixMs).toBe(state.nowMs);
  expect(await ask('nobody@example.com')).toBeUndefined();
});

test('an answer is another one where the account, the owner, what is known of it or the identity is', async () => {
  const { state, ask } = world();
  await ask();
  await ask('you@example.com');
  expect(state.signed).toBe(2);
  state.version = 2;
  expect((await ask())?.version).toBe(2);
  expect(
    (await ask('me@example.com', { version: 1, expiresUnixMs: state.nowMs }))?.changed,
  ).toHaveLength(1);
  expect((await ask())?.changed).toEqual([]);
  expect(state.signed).toBe(4);
  // Whose answer has half of its time left gets none, and one whose answer is older a whole one.
  expect(
    await ask('me@example.com', { version: 2, expiresUnixMs: state.nowMs + 4 * day }),
  ).toBeUndefined();
  expect(
    await ask('me@example.com', { version: 2, expiresUnixMs: state.nowMs + day }),
  ).toBeDefined();
  expect(state.signed).toBe(4);
  state.identity = KeyPair.generate();
  expect((await ask())?.identity.fingerprint).toEqual(state.identity.publicKey.fingerprint);
  expect(state.signed).toBe(5);
});

test('what the account says now is said under an old version, too, where that stays behind', async () => {
  const { state, ask } = world();
  const before = await ask();
  const key = () => KeyPair.generate().publicKey;
  const changes: (() => void)[] = [
    () => (state.root = key()),
    () => (state.writers = [key()]),
    () => (state.admitted = [key().fingerprint]),
    () => (state.isUnverified = true),
    () => (state.isRemoved = true),
  ];
  for (const [at, change] of changes.entries()) {
    change();
    const answer = await ask();
    expect(state.signed, String(change)).toBe(at + 2);
    expect(answer).toMatchObject({
      version: before?.version,
      ...{ isUnverified: state.isUnverified, isRemoved: state.isRemoved },
    });
    const said = [answer?.roots, answer?.writers].map((keys) =>
      keys?.map(({ fingerprintHex }) => fingerprintHex),
    );
    expect(said).toEqual([
      [state.root.fingerprintHex],
      state.writers.map(({ fingerprintHex }) => fingerprintHex),
    ]);
    expect(answer?.admitted).toEqual(state.admitted);
  }
});

test('one that could not be signed is signed by who asks next; many owners are not all kept', async () => {
  const { state, ask } = world();
  state.isFailing = true;
  await expect(ask()).rejects.toThrow('out of order');
  state.isFailing = false;
  await expect(ask()).resolves.toBeDefined();
  expect(state.signed).toBe(2);
  for (let more = 0; more < 1_024; more += 1) await ask(`at${more}@example.com`);
  expect(state.signed).toBe(2 + 1_024);
  await ask();
  expect(state.signed).toBe(2 + 1_025);
});
