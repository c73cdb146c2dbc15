import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthAnswerHeaderSchema, AuthAnswerSchema } from '../gen/atedb/v1/answer_pb.js';
import { DelegationHeaderSchema, DelegationSchema } from '../gen/atedb/v1/delegation_pb.js';
import { chooseProvider, providerNames } from '../src/crypto/index.ts';
import {
  parseAuthAnswer,
  parseDelegation,
  parsePublicKey,
  scopeCovers,
  Token,
  withoutRotations,
} from '../src/event/index.ts';
import {
  checkDelegationPath,
  verifyAuthAnswer,
  verifyDelegations,
  verifyGenesis,
  verifyIdentityLine,
} from '../src/trust/index.ts';
import { IndependentOwners, ownerReasons } from './support/independent-owners.ts';
import {
  type Case,
  checkBadBatches,
  checkBadReplays,
  checkHistories,
  checkReplays,
  hex,
  list,
} from './support/vector-reader.ts';

// The vectors about owners and delegated keys, as vector-checks.test.ts reads the others. Nothing of what made them is
// used here.

const texts = (fingerprints: readonly Uint8Array[]) =>
  fingerprints.map((one) => Buffer.from(one).toString('hex'));

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('answers of auth services', async () => {
    const check = async (message: Buffer) => {
      const answer = parseAuthAnswer(message);
      await verifyAuthAnswer(answer);
      return verifyIdentityLine(answer.identity, answer.rotations);
    };
    for (const one of list('auth-answers', 'good')) {
      const message = hex(one.message);
      const { fingerprints } = await check(message);
      expect(fingerprints, one.what as string).toEqual(one.leadsFrom);
      const held = one.held === undefined ? message : hex(one.held);
      expect(withoutRotations(message).equals(held)).toBe(true);
    }
    for (const { message, reason, why } of list('auth-answers', 'bad')) {
      await expect(check(hex(message)), why as string).rejects.toMatchObject({ reason });
    }
  });

  test('chains of which an auth service says whose they are', async () => {
    const verifiers = await checkReplays('ownership', 'good');
    await checkBadReplays('ownership', 'bad');
    for (const [place, one] of list('ownership', 'good').entries()) {
      const authority = verifiers[place]?.authority();
      expect(authority?.owner).toMatchObject({
        ...{ owner: one.owner, version: one.version, expiresUnixMs: one.expiresUnixMs },
        ...{ admitted: one.admitted, isUnverified: one.unverified, isRemoved: one.removed },
      });
      expect(authority?.keys.roots.map(({ fingerprintHex }) => fingerprintHex)).toEqual(one.roots);
      expect(authority?.keys.writers).toEqual(one.writers);
      expect(authority?.owner?.identity.fingerprintHex).toBe(one.authIdentity);
      expect(authority?.serverIdentity?.fingerprintHex).toBe(one.serverIdentity);
    }
    for (const { run, reason, why } of list('ownership', 'badGeneses')) {
      await expect(verifyGenesis(hex(run)), why as string).rejects.toMatchObject({ reason });
    }
    checkBadBatches('ownership');
  }, 120_000);

  test('keys that act by delegations', async () => {
    const check = async ({ delegations, issuer }: Case) => {
      const path = (delegations as string[]).map((one) => parseDelegation(hex(one)));
      checkDelegationPath(path);
      await verifyDelegations(path, parsePublicKey(hex(issuer)));
      return path.at(-1)?.subject.fingerprintHex;
    };
    for (const one of list('delegations', 'paths')) expect(await check(one)).toBe(one.subject);
    for (const one of list('delegations', 'badPaths')) {
      const { reason, why } = one;
      await expect(check(one), why as string).rejects.toMatchObject({ reason });
    }
    for (const { text, fingerprint, delegations, issuer } of list('delegations', 'tokens')) {
      const token = Token.parse(text as string, 'it');
      expect(token.key.publicKey.fingerprintHex).toBe(fingerprint);
      expect(texts(token.delegations.map(({ bytes }) => bytes))).toEqual(delegations);
      expect(token.issuer).toEqual(parsePublicKey(hex(issuer)));
      expect(token.text()).toBe(text);
    }
    checkBadBatches('delegations');
    await checkReplays('delegations', 'replays');
    await checkBadReplays('delegations', 'badReplays');
  }, 120_000);
});

test('delegations say what generated stubs read in them', () => {
  for (const one of list('delegations', 'good')) {
    const { header } = fromBinary(DelegationSchema, hex(one.message));
    expect(texts([header])).toEqual([one.header]);
    const said = fromBinary(DelegationHeaderSchema, header);
    const { chains, mayWrite, mayRead, notBeforeUnixMs, expiresUnixMs } = parseDelegation(
      hex(one.message),
    );
    const is = { chains, mayWrite, mayRead, notBeforeUnixMs, expiresUnixMs };
    expect(is).toEqual({
      ...{ chains: said.chains, mayWrite: said.mayWrite, mayRead: said.mayRead },
      notBeforeUnixMs: Number(said.notBeforeUnixMs),
      expiresUnixMs: Number(said.expiresUnixMs),
    });
    expect(one).toMatchObject(is);
    expect(texts([said.issuer, said.serial])).toEqual([one.issuer, one.serial]);
  }
  for (const { message, reason, why } of list('delegations', 'bad')) {
    const parse = () => parseDelegation(hex(message));
    expect(parse, why as string).toThrow(expect.objectContaining({ reason }));
  }
});

test('what delegations count in, by text alone', () => {
  for (const { chains, chainKey, counts } of list('delegations', 'scopes')) {
    const named = chains as string[];
    expect(scopeCovers(named, chainKey as string), `${named} ${chainKey}`).toBe(counts);
    const owner = (chainKey as string).replace(/[^/]*$/, '*');
    expect(named.includes(chainKey as string) || named.includes(owner)).toBe(counts);
  }
  for (const { text, reason, why } of list('delegations', 'badTokens')) {
    const parse = () => Token.parse(text as string, 'it');
    expect(parse, why as string).toThrow(expect.objectContaining({ reason }));
  }
});

test.each(['ownership', 'delegations'])('histories of the file %s', (name) => checkHistories(name));

test('what follows from owners alone is so by the page, too', () => {
  let decided = 0;
  for (const { genesis, batches, what } of list('ownership', 'histories')) {
    const owners = new IndependentOwners(hex(genesis));
    for (const { run, timeUnixMs, reason, event, what: step } of batches as Case[]) {
      const is = owners.take(hex(run), timeUnixMs as number);
      // Whatever else is refused has to do with rules and keys; and keys without any right are refused first.
      const isOfKeys = (reason as string | undefined)?.startsWith('KEY_') === true;
      if (is !== 'KEY_NOT_ALLOWED' && isOfKeys && event === undefined) continue;
      if (is === undefined) expect(ownerReasons, `${what}: ${step}`).not.toContain(reason);
      else expect(is, `${what}: ${step}`).toBe(reason);
      decided += 1;
    }
  }
  expect(decided).toBeGreaterThan(100);
});

test('answers say what generated stubs read in them', () => {
  for (const one of list('auth-answers', 'good')) {
    const { header, rotations } = fromBinary(AuthAnswerSchema, hex(one.message));
    expect(Buffer.from(header).toString('hex')).toBe(one.header);
    expect(rotations.length).toBe((one.leadsFrom as unknown[]).length - 1);
    const said = fromBinary(AuthAnswerHeaderSchema, header);
    const names = (keys: { suite: number; key: Uint8Array }[]) =>
      keys.map((key) => nameOf(key.key));
    expect({
      ...{ owner: said.owner, version: Number(said.version) },
      ...{
        issuedUnixMs: Number(said.issuedUnixMs),
        expiresUnixMs: Number(said.expiresUnixMs),
      },
      ...{ roots: names(said.roots), writers: names(said.writers), admitted: texts(said.admitted) },
      changed: said.changed.map(({ fingerprint, successor }) => ({
        fingerprint: texts([fingerprint])[0],
        ...(successor.length === 0 ? {} : { successor: texts([successor])[0] }),
      })),
      ...{ unverified: said.unverified, removed: said.removed },
      identity: names(said.identity === undefined ? [] : [said.identity])[0],
    }).toEqual({
      ...{ owner: one.owner, version: one.version, issuedUnixMs: one.issuedUnixMs },
      ...{ expiresUnixMs: one.expiresUnixMs, roots: one.roots, writers: one.writers },
      ...{ admitted: one.admitted, changed: one.changed, unverified: one.unverified },
      ...{ removed: one.removed, identity: one.identity },
    });
  }
});

/** The fingerprint that `keys` says a key has, by its bytes. */
function nameOf(key: Uint8Array): unknown {
  const bytes = Buffer.from(key).toString('hex');
  const found = list('auth-answers', 'keys').find((one) => (one.key as string).endsWith(bytes));
  expect(parsePublicKey(hex(found?.key)).fingerprintHex).toBe(found?.fingerprint);
  return found?.fingerprint;
}
