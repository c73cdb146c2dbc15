import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Chain,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
  type TrustMode,
} from '../src/client/index.ts';
import { parseEventHeader } from '../src/event/index.ts';
import { ServerForEach } from './support/server-for-each.ts';
import { all, take, temporaryHome, testKey } from './support/test-client.ts';

// Data that only its readers can read: neither the server, nor who was a reader once.

const chainKey = 'team/secrets';
const [alice, bob] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const trustModes: TrustMode[] = ['centralized', 'distributed'];

describe.each(trustModes)('in a %s chain', (trustMode) => {
  const each = new ServerForEach({ trustMode });

  async function as(key: KeyPair, options: OpenOptions & { home?: string } = {}): Promise<Chain> {
    const { home = null, ...open } = options;
    const client = await each.connect({ home });
    return client.open(chainKey, { key, forAppend: true, ...open });
  }

  /** Data of the data events as this key's owner reads it; a question mark where it is sealed. */
  async function readBy(key: KeyPair, from = 0): Promise<string[]> {
    const chain = await as(key);
    const events = await all(chain.read({ from }));
    return events
      .filter(({ kind }) => kind === 'data')
      .map(({ data, sealed }) => (sealed?.state === 'no key' ? '?' : String(data)));
  }

  /** Sizes of sealed data as it is stored, which everybody sees. */
  async function storedSizes(): Promise<number[]> {
    const stranger = await as(bob);
    const events = await all(stranger.read());
    return events
      .filter(({ kind }) => kind === 'data')
      .map(({ headerBytes }) => parseEventHeader(headerBytes).dataBytes);
  }

  async function stored(): Promise<string> {
    const folders = await readdir(each.server.logsPath, { recursive: true, withFileTypes: true });
    const files = folders.filter((entry) => entry.isFile());
    const contents = await Promise.all(
      files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
    );
    return contents.join('');
  }

  test('what readers were given they read, from any point, and the server never has it', async () => {
    const chain = await as(testKey, { confidential: true });
    await chain.setReaders([alice.publicKey]);
    await chain.append([{ data: 'the first secret' }, { data: 'the second secret' }]);
    expect(await readBy(testKey)).toEqual(['the first secret', 'the second secret']);
    expect(await readBy(alice)).toEqual(['the first secret', 'the second secret']);
    expect(await readBy(alice, 3)).toEqual(['the second secret']);
    expect(await readBy(bob)).toEqual(['?', '?']);
    expect(await stored()).not.toMatch(/first secret|second secret/);
    const reader = await as(alice);
    const [newest] = await take(reader.read({ reverse: true, limit: 1 }), 1);
    expect(newest?.data?.toString()).toBe('the second secret');
    expect(newest?.sealed?.state).toBe('open');
    expect((await reader.get({ sequence: 2 }))?.data?.toString()).toBe('the first secret');
    const live = take(reader.subscribe({ from: 'now' }), 1);
    await chain.append({ data: 'a third' });
    expect((await live)[0]?.data?.toString()).toBe('a third');
  });

  test('who reads without the key is told which it is, and who can give it', async () => {
    const chain = await as(testKey, { confidential: true });
    await chain.setReaders([alice.publicKey]);
    await chain.append({ data: 'x' });
    const stranger = await as(bob);
    const [event] = (await all(stranger.read())).slice(-1);
    expect(event?.sealed).toMatchObject({ state: 'no key' });
    const holders = event?.sealed?.holders.map((holder) => holder.toString('hex')).sort();
    const due = [testKey, alice].map(({ publicKey }) => publicKey.fingerprintHex).sort();
    expect(holders).toEqual(due);
    expect(event?.data?.length).toBe(0);
  });

  test('a reader who is taken off reads what was before, and no more; one who joins late reads on', async () => {
    const chain = await as(testKey, { confidential: true });
    await chain.setReaders([alice.publicKey]);
    await chain.append({ data: 'one' });
    await chain.setReaders([]);
    await chain.append({ data: 'two' });
    await chain.addReaders([bob.publicKey]);
    await chain.append({ data: 'three' });
    expect(await readBy(alice)).toEqual(['one', '?', '?']);
    expect(await readBy(bob)).toEqual(['?', 'two', 'three']);
    expect(await readBy(testKey)).toEqual(['one', 'two', 'three']);
  });

  test('nothing is sent in clear to a confidential chain, and no reader can be planted', async () => {
    const chain = await as(testKey, { confidential: true });
    await expect(chain.append({ data: 'too early' })).rejects.toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
    });
    await chain.setReaders([]);
    const other = await as(alice);
    await expect(other.append({ data: 'x' })).rejects.toMatchObject({ reason: 'READ_KEY_MISSING' });
    // A right to write is none to read, nor to say who may.
    await expect(other.setReaders([bob.publicKey])).rejects.toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
    });
    expect(await stored()).not.toContain('too early');
  });

  test('one object may be for some, and another for all; two who write both seal alike', async () => {
    const chain = await as(testKey);
    await chain.append({ data: 'public', name: 'public' });
    const diary = primaryKeyFromName('diary');
    await chain.append({
      kind: 'rules',
      primaryKey: diary,
      write: [testKey.publicKey, alice.publicKey],
    });
    await chain.setReaders([alice.publicKey], { primaryKey: diary });
    const again = await as(testKey);
    await again.append({ data: 'not yet known to be sealed', name: 'public' });
    const writers = [await as(testKey), await as(alice)];
    for (const writer of writers) {
      for await (const _event of writer.read());
      await writer.append({ data: 'dear diary', primaryKey: diary });
    }
    expect(await readBy(alice)).toEqual([
      'public',
      'not yet known to be sealed',
      'dear diary',
      'dear diary',
    ]);
    expect((await readBy(bob)).slice(2)).toEqual(['?', '?']);
    expect(await stored()).not.toContain('dear diary');
  });

  test('a second run of a program knows what the first one has verified', async () => {
    const home = await temporaryHome();
    const chain = await as(testKey, { confidential: true, home });
    await chain.setReaders([]);
    for (const data of ['one', 'two', 'three']) await chain.append({ data });
    for await (const _event of chain.read());
    await chain.close();
    const again = await as(testKey, { home });
    const [event] = await all(again.read({ from: 4 }));
    expect(event?.data?.toString()).toBe('three');
    await again.append({ data: 'four' });
    expect(await readBy(testKey)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('the size of sealed data is hidden on request', async () => {
    const chain = await as(testKey, { confidential: true, pad: true });
    await chain.setReaders([]);
    for (const size of [1_000, 1_010, 1_020]) await chain.append({ data: 'x'.repeat(size) });
    expect((await readBy(testKey)).map(({ length }) => length)).toEqual([1_000, 1_010, 1_020]);
    const stored = await storedSizes();
    expect(new Set(stored).size).toBe(1);
    // Without padding each size shows.
    const plain = await as(testKey, { confidential: true });
    for (const size of [1_000, 1_010, 1_020]) await plain.append({ data: 'x'.repeat(size) });
    expect(new Set((await storedSizes()).slice(stored.length)).size).toBe(3);
  });
});
