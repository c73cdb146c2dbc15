import { afterAll, beforeAll, expect, test } from 'vitest';
import { AtedbError } from '../src/bytes/index.ts';
import type { AtedbClient, Chain, OpenOptions } from '../src/client/index.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { splitSlice } from '../src/event/index.ts';
import { ReplayVerifier, verifyGenesis } from '../src/trust/index.ts';
import { LyingProxy } from './support/lying-proxy.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { fixedKey } from './support/vector-files/fixed.ts';
import { FixedChain, FixedWriter, fixedEvent } from './support/vector-files/fixed-chain.ts';

// A subscription gives each event once, also where the server is lost while something is asked for that a slice takes to be verified, or to be
// handed on: by then the replay may have moved on behind it.

let server: TestServer;
let writer: AtedbClient;
const friend = KeyPair.generate();

beforeAll(async () => {
  server = await TestServer.start();
  writer = await testClient(server.address);
  await fill('team/few', 1);
  // So large that history comes in several slices.
  await fill('team/many', 900_000);
  const sealed = await writer.open('team/sealed', { key: testKey, forAppend: true });
  await sealed.append({ data: '1' });
  await sealed.setReaders([friend.publicKey]);
  await sealed.append([{ data: '3' }, { data: '4' }]);
  await sealed.append({ data: '5' });
}, 60_000);

/** A chain with events of three writers, each of one text so many times: so that a slice has another's behind one's. */
async function fill(name: string, times: number): Promise<void> {
  const chains: Chain[] = [];
  for (const key of [testKey, KeyPair.generate(), KeyPair.generate()]) {
    chains.push(await writer.open(name, { key, forAppend: true }));
    if (key === testKey) await chains[0]?.append({ kind: 'rules', write: 'everyone' });
  }
  for (const [index, text] of ['2', '3', '4', '5', '6'].entries()) {
    await chains[index % chains.length]?.append({ data: text.repeat(times) });
  }
}

afterAll(async () => {
  await writer.close();
  await server[Symbol.asyncDispose]();
});

/** What comes from a sequence on, while the first calls of a method are cut. */
async function cut(
  of: { readonly name: string; readonly options: OpenOptions; readonly method: string },
  {
    from,
    last,
    before,
  }: { from: number; last: number; before?: (chain: Chain) => Promise<unknown> },
) {
  await using proxy = await LyingProxy.start(server.address);
  const client = await testClient(proxy.address);
  try {
    const chain = await client.open(of.name, of.options);
    await before?.(chain);
    let left = 4;
    proxy.cut = (method) => {
      if (method !== of.method || left === 0) return false;
      left -= 1;
      return true;
    };
    const texts: string[] = [];
    const options = { from: { sequence: from } };
    for await (const { sequence, data } of chain.subscribe(options)) {
      texts.push(String(data).slice(0, 1));
      if (sequence === last) break;
    }
    return { texts, cuts: 4 - left };
  } finally {
    await client.close();
  }
}

test('keys of signers', async () => {
  const of = { name: 'team/few', options: { checkRules: false }, method: 'getKeys' };
  const { texts, cuts } = await cut(of, { from: 2, last: 6 });
  expect(texts).toEqual(['2', '3', '4', '5', '6']);
  expect(cuts).toBeGreaterThan(0);
}, 60_000);

test('keys of signers in the middle of a slice', async () => {
  const root = fixedKey('root of what is cut');
  const other = fixedKey('other writer of what is cut');
  const chain = new FixedChain({ roots: [root] });
  const theirs = new FixedWriter(chain.chainId, other);
  chain.accept(chain.writer.batch([fixedEvent('one')]));
  chain.accept(theirs.batch([fixedEvent('two')]));
  const [first, ...rest] = chain.stored;
  const { genesis } = await verifyGenesis(splitSlice(first as Buffer)[0]?.run as Buffer);
  const asked: string[] = [];
  const findKey = async (fingerprint: string) => {
    asked.push(fingerprint);
    if (asked.length === 1) throw new AtedbError('CONNECTION_FAILED', 'it was cut');
    return other.publicKey;
  };
  const frontier = [chain.heads[0]?.root as Buffer];
  const start = { commit: 1, sequence: 1, frontier, findKey };
  const verifier = new ReplayVerifier(genesis, start);
  const slice = Buffer.concat(rest);
  await expect(verifier.verify(slice)).rejects.toMatchObject({ reason: 'CONNECTION_FAILED' });
  expect(verifier.nextCommit).toBe(1);
  expect(await verifier.verify(slice)).toHaveLength(2);
  expect(verifier.head()).toEqual(chain.head);
});

test('proofs that it is of the history that was verified', async () => {
  const of = { name: 'team/many', options: { checkRules: true }, method: 'getProof' };
  const before = (chain: Chain) => all(chain.read());
  const { texts, cuts } = await cut(of, { from: 2, last: 6, before });
  expect(texts).toEqual(['2', '3', '4', '5', '6']);
  expect(cuts).toBeGreaterThan(1);
}, 60_000);

test('the read key, which has to be read first', async () => {
  const options = { key: friend, checkRules: false };
  const of = { name: 'team/sealed', options, method: 'readEvents' };
  const { texts, cuts } = await cut(of, { from: 3, last: 5 });
  expect(texts).toEqual(['3', '4', '5']);
  expect(cuts).toBeGreaterThan(0);
}, 60_000);
