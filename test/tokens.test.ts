import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type Chain,
  createToken,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
  type Token,
  type TokenOptions,
  type TrustMode,
} from '../src/client/index.ts';
import { ServerForEach } from './support/server-for-each.ts';
import { all, testKey } from './support/test-client.ts';

// Tokens: delegated keys, with a real server and client. What can't be said with the client at all is in
// test/malicious-tokens.test.ts.

const chainKey = 'example.com/me/log';
const hourMs = 3_600_000;
const [alice, bob, mallory] = Array.from({ length: 3 }, () => KeyPair.generate()) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
const refused = (reason: string) => expect.objectContaining({ reason });
const name = 'object';
const primaryKey = primaryKeyFromName(name);
const trustModes: TrustMode[] = ['centralized', 'distributed'];

/** When tokens expire. */
const expires = new Date(Date.now() + hourMs);

/** A token of the chain's root, to write for an hour. */
function tokenOf(options: Partial<TokenOptions> = {}): Promise<Token> {
  return createToken({ from: testKey, chains: [chainKey], write: true, expires, ...options });
}

describe.each(trustModes)('in a %s chain', (trustMode) => {
  const each = new ServerForEach({ trustMode });
  afterEach(() => void vi.restoreAllMocks());

  async function open(options: OpenOptions = {}): Promise<Chain> {
    const client = await each.connect();
    return client.open(chainKey, { forAppend: true, reconnectMs: 0, ...options });
  }

  /** The chain, with an event of its root's. */
  async function made(options: OpenOptions = {}): Promise<Chain> {
    const chain = await open({ key: testKey, ...options });
    await chain.append({ data: 'first' });
    return chain;
  }

  async function read(options: OpenOptions = {}): Promise<string[]> {
    const chain = await open({ forAppend: false, checkRules: true, ...options });
    return (await all(chain.read())).map(({ kind, data }) => `${kind} ${String(data)}`);
  }

  test('a token writes data and removes objects, many times, and after a restart; readers check it', async () => {
    await made();
    const token = await tokenOf();
    const chain = await open({ token });
    for (const data of ['1', '2', '3']) await chain.append({ primaryKey, data });
    await chain.append({ kind: 'tombstone', primaryKey });
    await each.server.restart();
    const again = await open({ token: token.text() });
    await again.append([{ data: '4' }, { data: '5' }]);
    const written = ['data first', 'data 1', 'data 2', 'data 3', 'tombstone ', 'data 4', 'data 5'];
    expect((await read()).slice(1)).toEqual(written);
  });

  test('of all chains of an owner it is good for each, and for no other', async () => {
    const token = await tokenOf({ chains: ['example.com/me/*', 'team/other'] });
    await made();
    await (await open({ token })).append({ data: 'x' });
    const narrow = await tokenOf({ chains: ['example.com/me/lo', 'example.com/you/*'] });
    await expect((await open({ token: narrow })).append({ data: 'x' })).rejects.toEqual(
      refused('DELEGATION_OUT_OF_SCOPE'),
    );
  });

  test('it changes no rules, keys, roots or places', async () => {
    const root = await made();
    await root.append([
      { name: 'a', data: '' },
      { name: 'b', data: '' },
    ]);
    const chain = await open({ token: await tokenOf() });
    await chain.append({ data: 'known' });
    const object = { kind: 'rules', primaryKey } as const;
    const parent = primaryKeyFromName('a');
    for (const event of [
      { ...object, write: 'everyone' },
      { kind: 'rules', add: 'everyone' },
      { kind: 'roots', roots: [mallory.publicKey] },
      { kind: 'key_change', keyChange: { key: alice.publicKey.fingerprint } },
      { data: 'x', publicKeys: [mallory.publicKey] },
      { data: 'x', read: 'everyone' },
      { primaryKey: primaryKeyFromName('b'), parent, moves: true, data: 'x' },
    ] as const) {
      await expect(chain.append(event), JSON.stringify(event)).rejects.toEqual(
        refused('KEY_NOT_ALLOWED'),
      );
    }
  });

  test('it has the right of its issuer, and no more', async () => {
    const root = await made();
    await root.append({ kind: 'rules', primaryKey, write: [alice.publicKey] });
    const token = await tokenOf({ from: alice });
    const chain = await open({ token });
    await chain.append({ primaryKey, data: 'hers' });
    await expect(chain.append({ data: 'x' })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    const ofStranger = await open({ token: await tokenOf({ from: mallory }) });
    await expect(ofStranger.append({ primaryKey, data: 'x' })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
  });

  test('it adds to an object where its issuer may', async () => {
    const root = await made();
    await root.append({ kind: 'rules', primaryKey, add: [alice.publicKey] });
    const chain = await open({ token: await tokenOf({ from: alice }) });
    await chain.append({ parent: primaryKey, name: 'child', data: 'x' });
    await expect(chain.append({ primaryKey, data: 'x' })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
  });

  test('one that has expired, or counts later, is refused', async () => {
    await made();
    const now = Date.now();
    const past = { notBefore: new Date(now - 2 * hourMs), expires: new Date(now - hourMs) };
    const future = { notBefore: new Date(now + hourMs), expires: new Date(now + 2 * hourMs) };
    for (const times of [past, future]) {
      const chain = await open({ token: await tokenOf(times) });
      await expect(chain.append({ data: 'x' })).rejects.toEqual(refused('DELEGATION_EXPIRED'));
    }
  });

  test('one that expires meanwhile is refused from then on, and what it wrote before stays', async () => {
    let offsetMs = 0;
    const { now } = Date;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs);
    await each.server.restart();
    await made();
    const chain = await open({ token: await tokenOf() });
    await chain.append({ data: 'in time' });
    offsetMs = hourMs;
    await expect(chain.append({ data: 'late' })).rejects.toEqual(refused('DELEGATION_EXPIRED'));
    expect((await read()).at(-1)).toBe('data in time');
  });

  test('its holder gives some of it on, at most three times over', async () => {
    await made();
    let token = await tokenOf({ chains: ['example.com/me/*'] });
    for (let steps = 0; steps < 3; steps += 1) token = await tokenOf({ from: token });
    const chain = await open({ token });
    await chain.append({ data: 'by the fourth' });
    await expect(tokenOf({ from: token })).rejects.toEqual(refused('REQUEST_INVALID'));
    await expect(tokenOf({ from: await tokenOf(), chains: ['example.com/me/*'] })).rejects.toEqual(
      refused('DELEGATION_INVALID'),
    );
  });

  /** End a key, as somebody, and have a token used then. */
  async function afterEnding(
    token: Token,
    key: Buffer,
    options: OpenOptions,
    right?: Token,
  ): Promise<unknown> {
    const chain = await open(options);
    await chain.append({ kind: 'key_change', keyChange: { key } }, { right });
    return (await open({ token })).append({ primaryKey, data: 'x' }).catch((error) => error);
  }
  const keyOf = (token: Token) => token.key.publicKey.fingerprint;

  test('a root ends it, also before it was ever used', async () => {
    await made();
    const token = await tokenOf();
    expect(await afterEnding(token, keyOf(token), { key: testKey })).toEqual(
      refused('KEY_REVOKED'),
    );
  });

  test('its issuer ends it, who is no root: after it was used, and before, by showing it', async () => {
    const root = await made();
    await root.append({ kind: 'rules', primaryKey, write: [alice.publicKey, bob.publicKey] });
    const [used, unused] = [await tokenOf({ from: alice }), await tokenOf({ from: alice })];
    await (await open({ token: used })).append({ primaryKey, data: 'x' });
    const key = alice;
    expect(await afterEnding(used, keyOf(used), { key })).toEqual(refused('KEY_REVOKED'));
    await expect(afterEnding(unused, keyOf(unused), { key })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
    expect(await afterEnding(unused, keyOf(unused), { key }, unused)).toEqual(
      refused('KEY_REVOKED'),
    );
    // Nobody else, also one who may write as much; nor does its issuer put another key in its place.
    const other = await tokenOf({ from: alice });
    await (await open({ token: other })).append({ primaryKey, data: 'x' });
    await expect(afterEnding(other, keyOf(other), { key: bob })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
    const change = { key: keyOf(other), successor: mallory.publicKey };
    await expect(
      (await open({ key })).append({ kind: 'key_change', keyChange: change }),
    ).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
  });

  test('who has given it on ends what was given, and with a key all ends that was given from it', async () => {
    await made();
    const token = await tokenOf();
    const narrow = await tokenOf({ from: token });
    const narrower = await tokenOf({ from: narrow });
    await (await open({ token: narrower })).append({ primaryKey, data: 'x' });
    expect(await afterEnding(narrower, keyOf(narrow), { token })).toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
    await (await open({ token })).append({ data: 'still' });
    expect(await afterEnding(token, keyOf(token), { token })).toEqual(refused('KEY_REVOKED'));
  });

  test('it ends with the key that it is from, also where that has a successor', async () => {
    const root = await made();
    await root.append({ kind: 'rules', primaryKey, write: [alice.publicKey] });
    const token = await tokenOf({ from: alice });
    await (await open({ token })).append({ primaryKey, data: 'x' });
    const keyChange = { key: alice.publicKey, successor: bob.publicKey };
    await (await open({ key: alice })).append({ kind: 'key_change', keyChange });
    await (await open({ key: bob })).append({ primaryKey, data: 'x' });
    await expect((await open({ token })).append({ primaryKey, data: 'x' })).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
  });

  test('it makes no chain', async () => {
    await expect(open({ token: await tokenOf() })).rejects.toThrow(/a token makes none/);
    await expect(open({ token: await tokenOf(), key: alice })).rejects.toEqual(
      refused('REQUEST_INVALID'),
    );
  });

  test('it locks what it may write, before it has written anything, and nothing else', async () => {
    const root = await made();
    await root.append({ kind: 'rules', primaryKey, write: [alice.publicKey] });
    const chain = await open({ token: await tokenOf({ from: alice }) });
    const lease = await chain.lock({ name });
    await chain.append({ primaryKey, data: 'locked' }, { lease });
    await lease.release();
    for (const [target, from] of [
      ['other', alice],
      [name, mallory],
    ] as const) {
      const other = await open({ token: await tokenOf({ from }) });
      await expect(other.lock({ name: target })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    }
    const past = new Date(Date.now() - 1);
    const late = await open({ token: await tokenOf({ from: alice, expires: past }) });
    await expect(late.lock({ name })).rejects.toEqual(refused('DELEGATION_EXPIRED'));
  });

  test('to read by, it opens a private chain, until it expires or is ended; to write by alone it does not', async () => {
    let offsetMs = 0;
    const { now } = Date;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + offsetMs);
    await each.server.restart();
    const root = await made({ private: true });
    await root.addReaders([alice.publicKey]);
    const readOnly = { write: false, read: true } as const;
    const tokens = await Promise.all([
      tokenOf(readOnly),
      tokenOf({ from: alice, ...readOnly }),
      tokenOf({ read: true }),
    ]);
    const none = { forAppend: false } as const;
    for (const token of tokens) expect(await read({ token })).toContain('data first');
    await expect(open({ token: await tokenOf() })).rejects.toEqual(
      refused('DELEGATION_OUT_OF_SCOPE'),
    );
    for (const from of [mallory, bob]) {
      const token = await tokenOf({ from, ...readOnly });
      await expect(open({ token, ...none })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    }
    const both = await open({ token: tokens[2] as Token });
    await both.append({ data: 'second' });
    const one = await open({ token: tokens[1] as Token, ...none });
    expect((await all(one.read())).length).toBeGreaterThan(1);
    await root.append({ kind: 'rules', admit: [] });
    await expect(all(one.read())).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    const first = await open({ token: tokens[0] as Token, ...none });
    const key = keyOf(tokens[0] as Token);
    await root.append({ kind: 'key_change', keyChange: { key } });
    await expect(all(first.read())).rejects.toEqual(refused('KEY_REVOKED'));
    const events = both.subscribe({ from: 'start' });
    const following = all(events).catch((error) => error);
    offsetMs = hourMs;
    await root.append({ data: 'unseen' });
    expect(await following).toEqual(refused('DELEGATION_EXPIRED'));
  });

  test('sealed data is read and written by one whose key it was shared with', async () => {
    const root = await open({ key: testKey, confidential: true });
    await root.setReaders([]);
    await root.append({ data: 'before' });
    const token = await tokenOf();
    const chain = await open({ token });
    await expect(chain.append({ data: 'x' })).rejects.toEqual(refused('READ_KEY_MISSING'));
    await root.addReaders([token.key.publicKey]);
    await (await open({ token })).append({ data: 'sealed' });
    const texts = (await all(root.read())).map(({ data }) => String(data));
    expect(texts.at(-1)).toBe('sealed');
  });

  test('an event is still of its own key: who reads is told which', async () => {
    await made();
    const token = await tokenOf();
    await (await open({ token })).append({ data: 'x' });
    const [newest] = await all((await open({ key: testKey })).read({ reverse: true, limit: 1 }));
    expect(newest?.fingerprint.toString('hex')).toBe(token.key.publicKey.fingerprintHex);
  });
});
