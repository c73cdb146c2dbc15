import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkProof, KeyPair, parseProof, proofText } from '../src/client/index.ts';
import { MemoryOwners } from './support/memory-owners.ts';
import { runHere } from './support/run-here.ts';
import { all, testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// What the commands, and proofs, say of chains whose owner an auth service names; over a roll of the segment and a restart.

const [mine, next] = [1, 2].map(() => KeyPair.generate()) as [KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const owner = 'me@example.com';
const accounts = new MemoryOwners();
let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-shown-'));
  server = await TestServer.start({
    ...{ logsPath: join(folder, 'logs'), trustMode: 'centralized', segmentBytesMax: 16_000 },
    auth: { accounts, allowsClaims: false },
  });
  accounts.set(owner, { roots: [mine.publicKey], isUnverified: true });
  const client = await testClient(server.address);
  const chain = await client.open(chainKey, { key: mine, forAppend: true });
  await chain.append({ data: 'one' });
  // The service is in the server, which learns of it at once.
  const retires = [[mine.publicKey, next.publicKey]] as const;
  accounts.set(owner, { roots: [next.publicKey], writers: [], retires });
  const follower = await client.open(chainKey, { key: next, forAppend: true, reconnectMs: 1 });
  for (let count = 0; count < 40; count += 1)
    await follower.append({ data: Buffer.alloc(900, 'x') });
  await client.close();
  await server.restart();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const logs = () => join(folder, 'logs', `${chainKey}.chain`);

test('a state that was stored knows whose the chain is', async () => {
  const client = await testClient(server.address);
  expect((await client.describe(chainKey)).owner).toMatchObject({ owner, version: 1 });
  const late = await client.open(chainKey, { key: mine, forAppend: true, reconnectMs: 1 });
  await expect(late.append({ data: 'no' })).rejects.toMatchObject({ reason: 'KEY_REVOKED' });
  const chain = await client.open(chainKey, { checkRules: true });
  const kinds = (await all(chain.read())).map(({ kind }) => kind);
  expect(kinds.slice(0, 4)).toEqual(['genesis', 'data', 'auth_answer', 'data']);
  await client.close();
});

test('atedb verify says whose the chain is, as the service has said last', async () => {
  const { stdout, code } = await runHere('atedb', ['verify', logs()]);
  expect(code).toBe(0);
  const fingerprint = server.running.identity.fingerprintHex;
  expect(stdout).toMatch(
    new RegExp(`owner ${owner}; so says the auth service ${fingerprint}, until 20`),
  );
  const json = JSON.parse((await runHere('atedb', ['verify', logs(), '--json'])).stdout);
  expect(json).toMatchObject({
    verdict: 'verified',
    owner: { name: owner, version: 1, unverified: false, removed: false },
  });
});

test('atedb dump shows answers, in words and as JSON', async () => {
  const { stdout } = await runHere('atedb', ['dump', logs()]);
  expect(stdout).toContain(`owner ${owner} (claimed), version 0, until 20`);
  expect(stdout).toContain(`owner ${owner}, version 1, until 20`);
  expect(stdout).toContain('is replaced by');
  const lines = (await runHere('atedb', ['dump', logs(), '--json'])).stdout.trim().split('\n');
  const events = lines.flatMap((line) => (JSON.parse(line) as { events?: object[] }).events ?? []);
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'auth_answer',
      answer: expect.objectContaining({
        ...{ owner, version: 1, roots: [next.publicKey.fingerprintHex] },
        changed: [
          {
            fingerprint: mine.publicKey.fingerprintHex,
            successor: next.publicKey.fingerprintHex,
          },
        ],
      }),
    }),
  );
});

test('the genesis, an answer and what came of it can be proven to strangers', async () => {
  const client = await testClient(server.address);
  const chain = await client.open(chainKey);
  for (const sequence of [0, 2, 3]) {
    const proven = await chain.prove({ sequence });
    const text = proofText(proven.proof);
    const facts = await checkProof(parseProof(text));
    expect(facts.event?.sequence).toBe(sequence);
    expect(facts.genesis.answer?.owner.text).toBe(owner);
  }
  const file = join(folder, 'answer.json');
  await writeFile(file, proofText((await chain.prove({ sequence: 2 })).proof));
  const { stdout, code } = await runHere('atedb', ['proof', '--check', file]);
  expect(code, await readFile(file, 'utf8')).toBe(0);
  expect(stdout).toContain(
    `it belonged to ${owner}, a name that nobody had checked, as the auth service`,
  );
  expect(stdout).toContain('the identity of the server that the genesis names');
  await client.close();
});
