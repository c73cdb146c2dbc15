import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type AtedbClient,
  type Chain,
  KeyPair,
  type OpenOptions,
  primaryKeyFromName,
} from '../src/client/index.ts';
import { eventsToSetReaders } from '../src/client/sharing.ts';
import { type BuiltEvent, parseBatch } from '../src/event/index.ts';
import { ForgedChain } from './support/malicious/forged-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// A server that wants to read what is not meant for it: see docs/threat-model.md.

const chainKey = 'example.com/me/test';
const [alice, mallory] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const identity = KeyPair.generate({ forSigningOnly: true });
const diary = primaryKeyFromName('diary');
const unsigned = { signers: [] };

/** A server that keeps what it is sent, of a chain that has its genesis only. */
async function serverOf({ isConfidential }: { isConfidential: boolean }) {
  const genesis = { isConfidential, roots: [testKey], server: identity };
  const truth = await ForgedChain.create(genesis);
  const server = await MaliciousServer.start(() => truth, identity);
  server.into = truth;
  const client = await testClient(server.address);
  return { truth, server, client };
}

function open(client: AtedbClient, options: OpenOptions = {}): Promise<Chain> {
  return client.open(chainKey, { key: testKey, forAppend: true, ...options });
}

/** What was read of data; a question mark where it is sealed. */
async function readBy(chain: Chain): Promise<string[]> {
  const events = await all(chain.read());
  return events
    .filter(({ kind }) => kind === 'data')
    .map(({ data, sealed }) => (sealed?.state === 'no key' ? '?' : String(data)));
}

/** Events by which somebody whose word counts for nothing makes itself a reader. */
function plantedReader({ genesis }: ForgedChain, primaryKey?: Buffer): BuiltEvent[] {
  const planted = eventsToSetReaders(genesis.chainId, { primaryKey }, [mallory.publicKey]);
  return planted.events.map(({ wrappedKeys, publicKeys, read }) =>
    testEvent('', {
      kind: 'rules',
      primaryKey,
      authority: {
        publicKeys,
        wrappedKeys,
        ...(Buffer.isBuffer(read)
          ? { authorisation: { read: { kind: 'read_key', readKeyId: read } } }
          : {}),
      },
    }),
  );
}

test.each(['signed by nobody', 'signed by the server itself'])(
  'nothing is sealed for a reader that the server has planted: %s',
  async (how) => {
    const { truth, server, client } = await serverOf({ isConfidential: true });
    const chain = await open(client);
    await chain.setReaders([alice.publicKey]);
    await chain.append({ data: 'before' });
    const planted = plantedReader(truth);
    if (how === 'signed by nobody') await truth.append(testKey, planted, unsigned);
    else await truth.append(mallory, planted, { shown: [mallory.publicKey] });
    const taken = server.taken.length;
    for (const writer of [await open(client), await open(client, { checkRules: false })]) {
      await expect(writer.append({ data: 'secret' })).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
    }
    expect(server.taken.length).toBe(taken);
  },
);

test('who has removed a reader seals nothing for that one, though the server hides the removal', async () => {
  const { truth, server, client } = await serverOf({ isConfidential: true });
  const chain = await open(client);
  await chain.setReaders([alice.publicKey]);
  await chain.append({ data: 'for alice' });
  const before = truth.copy();
  await chain.setReaders([]);
  server.view = (asked) => (asked === 'read' || asked === 'prove' ? before : truth);
  const taken = server.taken.length;
  await expect(chain.append({ data: 'not for alice' })).rejects.toMatchObject({
    reason: expect.stringMatching(/VERIFICATION_FAILED|HEAD_CONFLICT/),
  });
  // Neither where it shows the older state only, from now on.
  server.view = () => before;
  await expect(chain.append({ data: 'not for alice' })).rejects.toMatchObject({
    reason: expect.stringMatching(/VERIFICATION_FAILED|HEAD_CONFLICT/),
  });
  expect(server.taken.length).toBe(taken);
  server.view = () => truth;
  await chain.append({ data: 'not for alice' });
  const hers = await open(await testClient(server.address), { key: alice });
  expect(await readBy(hers)).toEqual(['for alice', '?']);
});

test('a removal by another writer is hidden from who has seen nothing of it: that can not be told', async () => {
  const { truth, server, client } = await serverOf({ isConfidential: true });
  const owner = await open(client);
  await owner.setReaders([alice.publicKey]);
  const before = truth.copy();
  await owner.setReaders([]);
  await owner.append({ data: 'not for alice' });
  server.into = before;
  server.view = () => before;
  const second = await open(await testClient(server.address));
  await second.append({ data: 'for whoever could read then' });
  const hers = await open(await testClient(server.address), { key: alice });
  expect(await readBy(hers)).toEqual(['for whoever could read then']);
  // Whoever knows the newer head finds it out.
  await expect(all(owner.read())).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
});

test('a tombstone that the server has made up takes no rule for reading away', async () => {
  const { truth, server, client } = await serverOf({ isConfidential: false });
  const chain = await open(client);
  await chain.setReaders([], { primaryKey: diary });
  await chain.append({ data: 'dear diary', primaryKey: diary });
  const tombstone = testEvent('', { kind: 'tombstone', primaryKey: diary });
  await truth.append(testKey, [tombstone], unsigned);
  const second = await open(client);
  await expect(all(second.read())).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
  const again = await open(client);
  await expect(
    again.setReaders([], { primaryKey: primaryKeyFromName('another') }),
  ).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
  for (const writer of [chain, again]) {
    await writer.append({ data: 'still secret', primaryKey: diary }).catch(() => undefined);
  }
  const sent = Buffer.concat(server.taken).toString('latin1');
  expect(sent).not.toMatch(/dear diary|still secret/);
});

test('an object without rules can be put below a parent by a made-up event: nothing is in clear for that, and no more is written', async () => {
  const { truth, server, client } = await serverOf({ isConfidential: false });
  const board = primaryKeyFromName('board');
  const chain = await open(client);
  await chain.setReaders([]);
  await chain.append({ data: 'for all', primaryKey: board, read: 'everyone' });
  await chain.append({ data: 'dear diary', primaryKey: diary });
  // Below it, data is in clear.
  const moved = testEvent('made up', { primaryKey: diary, parent: board });
  await truth.append(testKey, [moved], unsigned);
  const before = truth.copy();
  const events = await all((await open(client)).read());
  expect(events.at(-1)).toMatchObject({ vouchedBy: 'server' });
  // Who has verified it, and who has not.
  for (const [index, writer] of [await open(client), chain].entries()) {
    const after = before.copy();
    server.into = after;
    server.view = () => after;
    await all(writer.read());
    await writer.append({ data: `still secret ${index}`, primaryKey: diary });
    expect(after.size).toBe(before.size + 1);
    // A true server would have refused it, and so does who reads.
    await expect(all((await open(client)).read())).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining("names the root of the chain as the object's parent"),
    });
  }
  expect(Buffer.concat(server.taken).toString('latin1')).not.toMatch(/dear diary|still secret/);
  server.view = () => before;
  expect(await readBy(await open(await testClient(server.address)))).toEqual([
    ...['for all', 'dear diary', 'made up'],
  ]);
});

test('a tombstone of our own is signed, so that it is told from a made-up one', async () => {
  const { server, client } = await serverOf({ isConfidential: false });
  const chain = await open(client);
  await chain.append({ data: 'x', name: 'diary' });
  await chain.append({ kind: 'tombstone', primaryKey: diary });
  const signatures = server.taken.map((run) => parseBatch(run).seal.signatures.length);
  expect(signatures).toEqual([0, 1]);
});

test('who counts on a confidential chain sends nothing to one that is not', async () => {
  const { server, client } = await serverOf({ isConfidential: false });
  await expect(open(client, { confidential: true })).rejects.toMatchObject({
    reason: 'READ_RULE_MISMATCH',
  });
  expect(server.taken).toEqual([]);
});

test('who did not know that a chain is confidential, since it was not there, sends nothing in clear', async () => {
  const { server, client } = await serverOf({ isConfidential: true });
  server.isHidden = true;
  const chain = await open(client);
  server.isHidden = false;
  await expect(chain.append({ data: 'in clear' })).rejects.toMatchObject({
    reason: 'READ_RULE_MISMATCH',
  });
  await chain.setReaders([]);
  await chain.append({ data: 'sealed' });
  expect(await readBy(chain)).toEqual(['sealed']);
  expect(Buffer.concat(server.taken).toString('latin1')).not.toContain('in clear');
});

test('requests in clear are not made for a chain that seals its data', async () => {
  const { client } = await serverOf({ isConfidential: true });
  const chain = await open(client);
  await expect(chain.sealRequests({ data: 'secret' })).rejects.toMatchObject({
    reason: 'UNSUPPORTED',
  });
});

test('a wrong read key that somebody hands out hides the right one from nobody', async () => {
  const { truth, server, client } = await serverOf({ isConfidential: true });
  const chain = await open(client);
  await chain.setReaders([alice.publicKey]);
  await chain.append({ data: 'for alice' });
  const [event] = (await all(chain.read())).slice(-1);
  const readKeyId = event?.sealed?.readKeyId as Buffer;
  const { fingerprint: recipient } = alice.publicKey;
  for (let count = 0; count < 12; count += 1) {
    const wrappedKeys = [{ readKeyId, recipient, wrapped: randomBytes(1_168) }];
    await truth.append(testKey, [
      testEvent('', {
        kind: 'rules',
        primaryKey: diary,
        authority: {
          wrappedKeys,
          publicKeys: [alice.publicKey],
          authorisation: { add: { kind: 'nobody' } },
        },
      }),
    ]);
  }
  const hers = await open(await testClient(server.address), { key: alice });
  expect(await readBy(hers)).toEqual(['for alice']);
});

test('sealed data that was copied to another event is told as invalid, and damaged it does not verify', async () => {
  const { truth, client } = await serverOf({ isConfidential: true });
  const chain = await open(client);
  await chain.setReaders([]);
  await chain.append({ data: 'pay 100', primaryKey: diary });
  const sealed = parseBatch(truth.runAt(truth.size - 1)).eventAt(0);
  const [was] = (await all(chain.read())).slice(-1);
  const confidentiality = {
    readKeyId: was?.sealed?.readKeyId as Buffer,
    random: randomBytes(32),
    commitment: randomBytes(32),
  };
  const copied = testEvent('', {
    primaryKey: primaryKeyFromName('another'),
    sealing: { confidentiality, seal: () => Buffer.from(sealed.data) },
  });
  await truth.append(testKey, [copied]);
  const [event] = (await all(chain.read())).slice(-1);
  expect(event?.sealed?.state).toBe('invalid');
  expect(event?.data?.length).toBe(0);
  const slice = truth.slice.bind(truth);
  truth.slice = (from, end) => {
    const bytes = slice(from, end);
    const at = bytes.indexOf(sealed.data);
    if (at >= 0) bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  await expect(all((await open(client)).read())).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
  });
});
