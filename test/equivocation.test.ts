import { readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type AtedbClient, AtedbError, PublicKey, type SignedHead } from '../src/client/index.ts';
import { parseCheckpoint, verifierKey } from '../src/event/index.ts';
import { verifyCheckpoint, verifyCheckpointKeys } from '../src/trust/index.ts';
import { forks } from './support/forks.ts';
import { NoteReader } from './support/note-reader.ts';
import { isLong } from './support/scale.ts';
import { all, take, testClient, testKey } from './support/test-client.ts';

// A server that shows two histories has signed both: it can't deny it.

const chainKey = 'team/two_faced';

async function append(client: AtedbClient, ...texts: string[]): Promise<SignedHead> {
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (const data of texts) await chain.append({ data });
  const { checkpoint } = await chain.append({ data: 'and signed' }, { wait: 'attested' });
  if (checkpoint === undefined) throw new Error('it is not attested');
  return checkpoint;
}

/** A checkpoint of an evidence file, verified with nothing but the file. */
async function fromFile(fields: Record<string, unknown>): Promise<SignedHead> {
  const identity = PublicKey.parse(
    Number(fields.identitySuite),
    Buffer.from(String(fields.identity), 'base64'),
  );
  const signer = await verifyCheckpointKeys(Buffer.from(String(fields.keys), 'base64'), identity);
  const note = String(fields.note);
  return verifyCheckpoint(note, parseCheckpoint(note).chainId, signer);
}

async function evidenceOf(error: unknown) {
  if (!(error instanceof AtedbError)) throw error;
  expect(error.reason).toBe('HEAD_CONFLICT');
  const file = JSON.parse(await readFile(error.metadata.evidence ?? '', 'utf8'));
  const remembered = await fromFile(file.rememberedCheckpoint);
  const served = await fromFile(file.servedCheckpoint);
  expect(served.chainId).toEqual(remembered.chainId);
  expect(served.signer.identity.fingerprint).toEqual(remembered.signer.identity.fingerprint);
  return { file, remembered, served };
}

test('two trees of one size, both signed, are evidence that anybody can check', async () => {
  const { server, fork, connectTo } = await forks();
  {
    await using client = await connectTo(server);
    await append(client, 'a');
  }
  const other = await fork();
  {
    await using client = await connectTo(server);
    await append(client, 'b');
  }
  await using apart = await testClient(other.address);
  await append(apart, 'not b');
  await using client = await connectTo(other);
  const error = await client.open(chainKey).catch((reason) => reason);
  const { remembered, served } = await evidenceOf(error);
  expect(served.head.size).toBe(remembered.head.size);
  expect(served.head.root).not.toEqual(remembered.head.root);
  // That others read these notes, too, a test of its own says; here it takes long.
  if (!isLong || !NoteReader.machineHasOne()) return;
  using reader = new NoteReader();
  const read = reader.read(
    [remembered, served].map(({ note, chainId, signer }) => ({
      note,
      verifierKeys: [
        verifierKey(chainId, 'ed25519', signer.keys),
        verifierKey(chainId, 'mldsa44', signer.keys),
      ],
    })),
  );
  expect(read.map(({ verified }) => verified?.length)).toEqual([2, 2]);
  expect(read[0]?.size).toBe(read[1]?.size);
  expect(read[0]?.root).not.toBe(read[1]?.root);
}, 60_000);

test('a smaller tree that is signed later is evidence of a rollback', async () => {
  const { server, fork, connectTo } = await forks();
  {
    await using client = await connectTo(server);
    await append(client, 'a');
  }
  const older = await fork();
  {
    await using client = await connectTo(server);
    await append(client, 'b', 'c');
  }
  // Checkpoints count seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await using client = await connectTo(older);
  const error = await client.open(chainKey).catch((reason) => reason);
  const { remembered, served } = await evidenceOf(error);
  expect(served.head.size).toBeLessThan(remembered.head.size);
  expect(served.timeUnixS).toBeGreaterThan(remembered.timeUnixS);
});

test('a fork that a subscription or a writer is led to has signed itself, too', async () => {
  const { home, server, fork, connectTo } = await forks();
  {
    await using client = await connectTo(server);
    await append(client, 'a');
  }
  const other = await fork();
  {
    await using client = await connectTo(server);
    await append(client, 'b');
  }
  await using apart = await testClient(other.address);
  await append(apart, 'not b', 'not c');
  {
    // Opened at the one, then led to the other.
    await using client = await connectTo(server);
    const chain = await client.open(chainKey);
    const events = chain.subscribe({ heartbeatMs: 100 })[Symbol.asyncIterator]();
    for (let index = 0; index < 5; index += 1) await events.next();
    const next = events.next();
    await (await connectTo(other)).close();
    const { remembered, served } = await evidenceOf(await next.catch((reason) => reason));
    expect(served.head.root).not.toEqual(remembered.head.root);
  }
  await using client = await connectTo(server);
  const chain = await client.open(chainKey, { key: testKey });
  await take(chain.subscribe(), 3);
  await (await connectTo(other)).close();
  const error = await chain.append({ data: 'x' }, { wait: 'attested' }).catch((reason) => reason);
  await evidenceOf(error);
  await rm(home, { recursive: true, force: true });
  await chain.close().catch(() => undefined);
});

test('two clients that were shown two histories can prove it to each other by their checkpoints', async () => {
  const { server, fork } = await forks();
  await using first = await testClient(server.address);
  await append(first, 'a');
  const other = await fork();
  await using again = await testClient(server.address);
  const one = await append(again, 'b');
  await using second = await testClient(other.address);
  const two = await append(second, 'not b');
  expect(await all((await second.open(chainKey)).read())).toHaveLength(5);
  // Each is good to whoever knows the keys of the other: they are the same server's.
  const seen = await verifyCheckpoint(two.note, one.chainId, one.signer);
  expect(seen.head.size).toBe(one.head.size);
  expect(seen.head.root).not.toEqual(one.head.root);
});
