import { randomBytes } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import {
  type AtedbClient,
  type Chain,
  type ChainEvent,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
  type TrustMode,
} from '../src/client/index.ts';
import { ServerForEach } from './support/server-for-each.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';

// Chains that only those can open whom their rules name.

const chainKey = 'team/private';
const [alice, bob] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const trustModes: TrustMode[] = ['centralized', 'distributed'];

describe.each(trustModes)('a private %s chain', (trustMode) => {
  const each = new ServerForEach({ trustMode });

  async function connected(home: string | null = null): Promise<AtedbClient> {
    return each.connect({ home });
  }

  async function as(key: KeyPair | undefined, options: OpenOptions = {}): Promise<Chain> {
    return (await connected()).open(chainKey, { key, ...options });
  }

  /** A private chain of the test's own key, with an event. */
  async function made(options: OpenOptions = {}): Promise<Chain> {
    const chain = await as(testKey, { private: true, forAppend: true, ...options });
    if (options.confidential === true) await chain.setReaders([]);
    await chain.append({ data: 'first' });
    return chain;
  }

  const refused = (reason: string) => expect.objectContaining({ reason });
  const dataOf = (events: readonly ChainEvent[]) =>
    events
      .filter(({ kind }) => kind === 'data')
      .map(({ data, sealed }) => (sealed?.state === 'no key' ? '?' : String(data)));

  test('is used by its owner like every other', async () => {
    const chain = await made();
    expect(chain.genesis?.isPrivate).toBe(true);
    const again = await as(testKey);
    const primaryKey = primaryKeyFromName('object');
    await again.append({ primaryKey, data: 'second' });
    expect(dataOf(await all(again.read()))).toEqual(['first', 'second']);
    expect(dataOf(await take(again.read({ reverse: true, limit: 1 }), 1))).toEqual(['second']);
    expect(dataOf(await take(again.subscribe({ from: { sequence: 1 } }), 2))).toHaveLength(2);
    expect((await again.get({ primaryKey }))?.data?.toString()).toBe('second');
    expect((await again.prove({ sequence: 1 })).facts).toBeDefined();
    expect((await again.rules()).isPrivate).toBe(true);
    const lease = await again.lock({ name: 'object' });
    await again.append({ primaryKey, data: 'third' }, { lease });
    await lease.release();
    const description = await (await connected()).describe(chainKey, { key: testKey });
    expect(description.isPrivate).toBe(true);
    await chain.close();
    await again.delete();
    await expect(as(testKey)).rejects.toEqual(refused('CHAIN_NOT_FOUND'));
  });

  test('lets in no stranger, nobody without a key, and by no other way', async () => {
    await made();
    await expect(as(alice)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    await expect(as(alice, { forAppend: true })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    await expect(as(undefined)).rejects.toEqual(refused('CHAIN_PRIVATE'));
    const client = await connected(await temporaryHome());
    await expect(client.open(chainKey)).rejects.toThrow(/there is no key here to open it with/);
    await expect(client.describe(chainKey)).rejects.toEqual(refused('CHAIN_PRIVATE'));
    await expect(client.describe(chainKey, { key: alice })).rejects.toThrow(/atedb share/);
  });

  test('lets in those whom it is shared with, in clear or sealed', async () => {
    const chain = await made();
    await chain.addReaders([alice.publicKey]);
    const shared = await as(alice);
    expect(dataOf(await all(shared.read()))).toEqual(['first']);
    const { admitted } = await shared.rules();
    expect(admitted.map(({ fingerprint }) => fingerprint)).toEqual([alice.publicKey.fingerprint]);
    await expect(shared.append({ data: 'no' })).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    await expect(chain.addReaders([alice.publicKey])).rejects.toThrow(/nothing to change/);
    // From now on it is sealed: who reads is let in, and who was let in before stays.
    await chain.setReaders([bob.publicKey]);
    await chain.append({ data: 'second' });
    expect(dataOf(await all((await as(bob)).read()))).toEqual(['first', 'second']);
    expect(dataOf(await all((await as(alice)).read()))).toEqual(['first', '?']);
    await chain.addReaders([alice.publicKey]);
    expect(dataOf(await all((await as(alice)).read()))).toEqual(['first', 'second']);
    await chain.removeReaders([bob.publicKey.fingerprint]);
    await expect(as(bob)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    expect(dataOf(await all((await as(alice)).read()))).toEqual(['first', 'second']);
  });

  test('is shared by its roots, and an object of it by others with those who are let in', async () => {
    const chain = await made({ confidential: true });
    const object = { name: 'of alice' };
    const primaryKey = primaryKeyFromName('of alice');
    await chain.append({ kind: 'rules', primaryKey, write: [alice.publicKey] });
    await chain.append({ kind: 'rules', admit: [alice.publicKey] });
    const hers = await as(alice);
    await expect(hers.setReaders([bob.publicKey], object)).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
    await chain.append({ kind: 'rules', admit: [alice.publicKey, bob.publicKey] });
    await hers.setReaders([bob.publicKey], object);
    await hers.append({ primaryKey, data: 'for bob' });
    expect(dataOf(await all((await as(bob)).read()))).toEqual(['?', 'for bob']);
    // To read an object no more is not to be kept out.
    await hers.removeReaders([bob.publicKey.fingerprint], object);
    await hers.append({ primaryKey, data: 'not for bob' });
    expect(dataOf(await all((await as(bob)).read()))).toEqual(['?', 'for bob', '?']);
  });

  test('ends what somebody reads who is let in no more', async () => {
    const chain = await made();
    await chain.addReaders([alice.publicKey]);
    const events = (await as(alice)).subscribe({ heartbeatMs: 100 })[Symbol.asyncIterator]();
    while ((await events.next()).value?.kind !== 'rules');
    await chain.removeReaders([alice.publicKey.fingerprint]);
    await chain.append({ data: 'not for alice' });
    await expect(events.next()).rejects.toEqual(refused('CHAIN_PRIVATE'));
    await expect(as(alice)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
  });

  test('ends what somebody appends and locks who is let in no more', async () => {
    const chain = await made();
    const primaryKey = primaryKeyFromName('for all');
    await chain.append({ kind: 'rules', primaryKey, write: 'everyone' });
    await chain.addReaders([alice.publicKey]);
    const hers = await as(alice);
    await hers.append({ primaryKey, data: 'of alice' });
    const lease = await hers.lock(primaryKey);
    await chain.removeReaders([alice.publicKey.fingerprint]);
    await vi.waitUntil(() => lease.signal.aborted, { timeout: 10_000 });
    expect(lease.signal.reason).toMatchObject({ reason: 'CHAIN_PRIVATE' });
    await expect(hers.append({ primaryKey, data: 'no more' })).rejects.toMatchObject({
      reason: expect.stringMatching(/^(KEY_NOT_ALLOWED|OUTCOME_UNKNOWN)$/),
    });
    expect(dataOf(await all(chain.read()))).toEqual(['first', 'of alice']);
  });

  test.each([false, true])(
    'keeps out whom one of its owners takes off, though another lets somebody in meanwhile; confidential: %s',
    async (confidential) => {
      const chain = await made({ confidential });
      const elsewhere = await as(testKey, { forAppend: true });
      for (let round = 0; round < 3; round += 1) {
        await chain.addReaders([alice.publicKey]);
        await Promise.all([
          chain.removeReaders([alice.publicKey.fingerprint]),
          elsewhere.addReaders([bob.publicKey]),
        ]);
        await chain.append({ data: `round ${round}` });
        await expect(as(alice)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
        const read = dataOf(await all((await as(bob)).read()));
        expect(read.at(-1)).toBe(`round ${round}`);
        await chain.removeReaders([bob.publicKey.fingerprint]);
      }
    },
  );

  test('lets in whom its own rule for writing or adding names, until it does no more', async () => {
    const chain = await made();
    await chain.append({ kind: 'rules', add: [alice.publicKey] });
    const hers = await as(alice);
    await hers.append({ label: randomBytes(16), data: 'a letter' });
    await chain.append({ kind: 'rules', add: 'nobody', write: 'everyone' });
    // Everyone who is let in, that is.
    await expect(as(alice)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    await expect(hers.read()[Symbol.asyncIterator]().next()).rejects.toEqual(
      refused('KEY_NOT_ALLOWED'),
    );
  });

  test('lets in nobody whom a rule of an object names', async () => {
    const chain = await made();
    const primaryKey = primaryKeyFromName('of alice');
    await chain.append({ kind: 'rules', primaryKey, write: [alice.publicKey] });
    await expect(as(alice)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
    await chain.addReaders([alice.publicKey]);
    const hers = await as(alice);
    await hers.append({ kind: 'rules', primaryKey, add: [bob.publicKey] });
    await hers.append({ parent: primaryKey, name: 'child', data: 'x', write: [bob.publicKey] });
    await expect(as(bob)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
  });

  test('is left by who gives up the key that was let in', async () => {
    const chain = await made();
    await chain.addReaders([alice.publicKey]);
    const hers = await as(alice);
    await hers.append({ kind: 'key_change', keyChange: { key: alice.publicKey } });
    await expect(as(alice)).rejects.toEqual(refused('KEY_REVOKED'));
  });

  test('lets in what has replaced a key, and a revoked key no more', async () => {
    const chain = await made();
    await chain.addReaders([alice.publicKey]);
    const change = { key: alice.publicKey, successor: bob.publicKey };
    await chain.append({ kind: 'key_change', keyChange: change });
    await expect(as(alice)).rejects.toEqual(refused('KEY_REVOKED'));
    expect(dataOf(await all((await as(bob)).read()))).toEqual(['first']);
    // The name that stands in the rule is the one of before.
    await chain.removeReaders([bob.publicKey.fingerprint]);
    await expect(as(bob)).rejects.toEqual(refused('KEY_NOT_ALLOWED'));
  });

  test('is gone on with after its server was restarted, which takes no ticket of before', async () => {
    await made();
    await using proxy = await TcpProxy.start(() => each.server.address);
    await using client = await testClient(proxy.address);
    const chain = await client.open(chainKey, { key: testKey, forAppend: true });
    const events = chain.subscribe()[Symbol.asyncIterator]();
    while (dataOf([(await events.next()).value]).length === 0);
    await each.server.restart();
    await chain.append({ data: 'second' });
    expect(dataOf([(await events.next()).value])).toEqual(['second']);
    await each.server.restart();
    expect(dataOf(await all(chain.read()))).toEqual(['first', 'second']);
    await each.server.restart();
    expect((await chain.get({ sequence: 2 }))?.data?.toString()).toBe('second');
  });

  test('is not what an open chain becomes, and who expects one is told', async () => {
    const open = await as(testKey, { forAppend: true });
    await open.append({ data: 'for everybody' });
    await expect(as(testKey, { private: true })).rejects.toEqual(refused('CHAIN_NOT_PRIVATE'));
    const admit = [alice.publicKey];
    await expect(open.append({ kind: 'rules', admit })).rejects.toMatchObject({
      reason: 'BATCH_INVALID',
      message: expect.stringContaining('the chain is not private'),
    });
    expect(dataOf(await all((await as(alice)).read()))).toEqual(['for everybody']);
  });

  test('of another id than is known is asked for no ticket', async () => {
    await made();
    await expect(as(testKey, { chainId: Buffer.alloc(32, 1) })).rejects.toEqual(
      refused('CHAIN_ID_MISMATCH'),
    );
  });
});
