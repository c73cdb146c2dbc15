import { describe, expect, test } from 'vitest';
import {
  type AppendEvent,
  type AppendOptions,
  type Chain,
  childPrimaryKey,
  KeyPair,
  primaryKeyFromName,
  type TrustMode,
} from '../src/client/index.ts';
import { ServerForEach } from './support/server-for-each.ts';
import { all, testKey } from './support/test-client.ts';

// Who may do what, by clients of a real server: decided there, and again by whoever reads.

const chainKey = 'team/rules';
const [alice, bob] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const aliceKey = alice.publicKey;
const bobKey = bob.publicKey;
const inbox = primaryKeyFromName('inbox');
const trustModes: TrustMode[] = ['centralized', 'distributed'];

describe.each(trustModes)('in a %s chain', (trustMode) => {
  const each = new ServerForEach({ trustMode });

  async function as(key: KeyPair): Promise<Chain> {
    const client = await each.connect();
    return client.open(chainKey, { key, forAppend: true });
  }

  /** Append one event, as a writer of its own. @returns its sequence, or why it was refused. */
  async function append(
    key: KeyPair,
    event: AppendEvent,
    options: AppendOptions = {},
  ): Promise<number | { reason: string; message: string; metadata: Record<string, string> }> {
    try {
      return (await (await as(key)).append(event, options)).firstSequence;
    } catch (error) {
      return error as { reason: string; message: string; metadata: Record<string, string> };
    }
  }

  /** What a reader who believes nothing has of the chain, with every rule checked from its first batch on. */
  async function texts(): Promise<string[]> {
    const chain = await as(testKey);
    const events = await all(chain.read({ from: 1 }));
    const live = await all(chain.read());
    expect(live.length).toBe(events.length + 1);
    return events.map(({ data }) => String(data));
  }

  test('a key writes what a rule lets it, and is told which rule decided where it may not', async () => {
    expect(await append(testKey, { data: 'open', write: [aliceKey], name: 'hers' })).toBe(1);
    expect(await append(alice, { data: 'by alice', name: 'hers' })).toBe(2);
    expect(await append(testKey, { data: 'no more', name: 'hers' })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      metadata: {
        event_index: '0',
        primary_key: primaryKeyFromName('hers').toString('hex'),
        fingerprint: testKey.publicKey.fingerprintHex,
        rule: 'any_of',
        rule_at: primaryKeyFromName('hers').toString('hex'),
        allowed: aliceKey.fingerprintHex,
      },
    });
    expect(await append(alice, { data: 'else', name: 'other' })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      metadata: { rule: 'roots', rule_at: 'root', allowed: testKey.publicKey.fingerprintHex },
    });
    expect(await append(bob, { data: 'a stranger' })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      message: expect.stringContaining('no rule of it names it'),
    });
    expect(await texts()).toEqual(['open', 'by alice']);
  });

  test('of a batch that is refused the event is told that was not allowed, and nothing of it is taken', async () => {
    await append(testKey, { data: 'open', write: [aliceKey], name: 'hers' });
    const { fingerprintHex: fingerprint } = testKey.publicKey;
    const hers = primaryKeyFromName('hers').toString('hex');
    const his = primaryKeyFromName('his').toString('hex');
    const mine = await as(testKey);
    const notHers = [{ data: 'mine' }, { data: 'mine too' }, { data: 'not mine', name: 'hers' }];
    await expect(mine.append(notHers)).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      message: expect.stringMatching(`^event 2: the key ${fingerprint} may not write .*${hers}`),
      metadata: {
        ...{ event_index: '2', primary_key: hers, rule: 'any_of', rule_at: hers },
        ...{ fingerprint, allowed: aliceKey.fingerprintHex },
      },
    });
    // By the rule that the event before it has set.
    const given = [
      { data: 'for bob', name: 'his', write: [bobKey, aliceKey] },
      { data: 'not mine any more', name: 'his' },
    ];
    const allowed = [aliceKey, bobKey].map((key) => key.fingerprintHex).sort();
    await expect(mine.append(given)).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      metadata: {
        ...{ event_index: '1', primary_key: his, rule: 'any_of', rule_at: his },
        ...{ fingerprint, allowed: allowed.join(',') },
      },
    });
    // A batch that comes next is numbered anew, and by what is stored.
    expect((await mine.append({ data: 'last', name: 'his' })).firstSequence).toBe(2);
    expect(await texts()).toEqual(['open', 'last']);
  });

  test('children inherit; whoever may only add adds, and changes nothing, nor takes anything over', async () => {
    await append(testKey, { data: 'inbox', primaryKey: inbox, write: [aliceKey], add: 'everyone' });
    await append(testKey, { data: 'at the root', name: 'root object' });
    expect(await append(bob, { data: 'letter', parent: inbox, name: 'from bob' })).toBe(3);
    expect(await append(bob, { data: 'changed', parent: inbox, name: 'from bob' })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      metadata: { allowed: aliceKey.fingerprintHex },
    });
    const letter = childPrimaryKey(inbox, primaryKeyFromName('from bob'));
    expect(await append(alice, { data: 'read', parent: inbox, primaryKey: letter })).toBe(4);
    // With the name of another parent an object that is elsewhere is no child.
    const taken = { primaryKey: primaryKeyFromName('root object'), parent: inbox };
    expect(await append(alice, { ...taken, data: 'mine' })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      metadata: { rule: 'label' },
    });
    const rules = { parent: inbox, write: [bobKey], data: 'mine alone' };
    expect(await append(bob, rules)).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
    expect(await append(alice, { ...rules, data: 'for bob', name: 'his' })).toBe(5);
    expect(await append(bob, { parent: inbox, name: 'his', data: 'thanks' })).toBe(6);
    expect(await texts()).toEqual(['inbox', 'at the root', 'letter', 'read', 'for bob', 'thanks']);
  });

  test('an object moves with a right on both ends, and is never its own ancestor', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(primaryKeyFromName) as [Buffer, Buffer, Buffer];
    await append(testKey, { data: 'a', primaryKey: a, write: [aliceKey] });
    await append(testKey, { data: 'b', primaryKey: b, write: [bobKey] });
    await append(alice, { data: 'child', parent: a, name: 'child' });
    const child = childPrimaryKey(a, primaryKeyFromName('child'));
    const moving = { data: 'child', primaryKey: child, parent: b };
    expect(await append(alice, moving)).toMatchObject({
      reason: 'PARENT_INVALID',
      metadata: { problem: 'elsewhere', parent_is: a.toString('hex') },
    });
    expect(await append(alice, { ...moving, moves: true })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
    const both = { coSigners: [bob] };
    expect(await append(alice, { ...moving, moves: true }, both)).toBe(4);
    expect(await append(bob, { ...moving, data: "bob's now" })).toBe(5);
    await append(bob, { data: 'grandchild', parent: child, primaryKey: c, label: undefined });
    const grandchild = { data: 'grandchild', parent: child, name: 'grandchild' };
    expect(await append(bob, grandchild)).toBe(6);
    const below = childPrimaryKey(child, primaryKeyFromName('grandchild'));
    expect(await append(bob, { ...moving, parent: below, moves: true })).toMatchObject({
      reason: 'PARENT_INVALID',
      metadata: { problem: 'cycle' },
    });
    expect(await texts()).toEqual(['a', 'b', 'child', 'child', "bob's now", 'grandchild']);
  });

  test('a key is replaced or revoked from an event on, and what it wrote before stays', async () => {
    const next = KeyPair.generate();
    await append(testKey, { data: 'open', name: 'x', write: [aliceKey] });
    await append(alice, { data: 'first', name: 'x' });
    const replaced = { key: aliceKey, successor: next.publicKey };
    expect(await append(alice, { kind: 'key_change', keyChange: replaced })).toBe(3);
    expect(await append(alice, { data: 'late', name: 'x' })).toMatchObject({
      reason: 'KEY_REVOKED',
      metadata: { successor: next.publicKey.fingerprintHex },
    });
    expect(await append(next, { data: 'second', name: 'x' })).toBe(4);
    const revoked = { key: next.publicKey };
    expect(await append(bob, { kind: 'key_change', keyChange: revoked })).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
    expect(await append(testKey, { kind: 'key_change', keyChange: revoked })).toBe(5);
    expect(await append(next, { data: 'late', name: 'x' })).toMatchObject({
      reason: 'KEY_REVOKED',
    });
    expect(await texts()).toEqual(['open', 'first', '', 'second', '']);
  });

  test('other roots take more than half of those there are, and a restart forgets nothing', async () => {
    await append(testKey, { data: 'one' });
    const roots = [testKey, alice, bob].map(({ publicKey }) => publicKey);
    expect(await append(testKey, { kind: 'roots', roots })).toBe(2);
    const alone = { kind: 'roots', roots: [bobKey] } as const;
    expect(await append(bob, alone)).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      message: expect.stringContaining('more than half of the 3'),
    });
    await each.server.restart();
    expect(await append(bob, alone, { coSigners: [alice] })).toBe(3);
    expect(await append(testKey, { data: 'late' })).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
    expect(await append(bob, { data: 'two' })).toBe(4);
    expect(await texts()).toEqual(['one', '', '', 'two']);
  });

  test('many batches of a writer that the chain does not know yet go through at once', async () => {
    await append(testKey, { data: 'board', primaryKey: inbox, write: 'everyone' });
    const chain = await as(bob);
    const sent = Array.from({ length: 20 }, (_, index) =>
      chain.append({ data: String(index), parent: inbox }, { landsBefore: 1_000 }),
    );
    await Promise.all(sent);
    expect(await texts()).toEqual([
      'board',
      ...Array.from({ length: 20 }, (_, index) => `${index}`),
    ]);
  });

  test('who reads from the middle on has the keys, and so all signatures', async () => {
    await append(testKey, { data: 'open', name: 'x', write: [aliceKey] });
    for (const data of ['1', '2', '3']) await append(alice, { data, name: 'x' });
    const chain = await as(bob);
    const middle = await all(chain.read({ from: 3 }));
    expect(middle.map(({ data }) => String(data))).toEqual(['2', '3']);
    const backwards = await all(chain.read({ reverse: true, limit: 2 }));
    expect(backwards.map(({ data }) => String(data))).toEqual(['3', '2']);
    expect((await chain.get({ name: 'x' }))?.fingerprint).toEqual(aliceKey.fingerprint);
  });
});
