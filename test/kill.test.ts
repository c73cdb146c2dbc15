import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCommitHeader, parseGenesis, splitSlice } from '../src/event/index.ts';
import { ReplayVerifier } from '../src/trust/index.ts';
import { KillableServer } from './support/killable-server.ts';
import { RawClient, sliceOf } from './support/raw-client.ts';
import { type TestBatch, TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const rounds = 20;
const chainKey = 'example.com/me/kill';
/** Small, so that kills fall into rolls, too. */
const segmentBytesMax = 100_000;

let folder: string;
let server: KillableServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-kill-'));
  server = new KillableServer(folder, segmentBytesMax);
  await server.start();
});

afterAll(async () => {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

interface Sent extends TestBatch {
  /** Commit number that the server acknowledged; undefined where the answer never came. */
  acknowledged: number | undefined;
}

/**
 * Append with many batches in flight until the server dies. What has no answer is sent again first, as a client does.
 */
async function appendUntilDeath(writer: TestWriter, sent: Sent[]): Promise<void> {
  using client = new RawClient(server.address);
  const call = client.append();
  const open = sent.filter((batch) => batch.acknowledged === undefined);
  const [first] = open;
  if (first !== undefined) call.send(first.run, chainKey);
  for (const batch of open.slice(1)) call.send(batch.run);
  let isDead = false;
  const reading = (async () => {
    for (;;) {
      const answer = await call.answer();
      if (answer?.outcome.case !== 'committed') throw new Error(JSON.stringify(answer?.outcome));
      const { sealHash, commit } = parseCommitHeader(
        Buffer.from(answer.outcome.value.commitHeader),
      );
      const batch = sent.find((each) => each.sealHash.equals(sealHash));
      if (batch !== undefined) batch.acknowledged = commit;
    }
  })().catch((error: unknown) => {
    isDead = true;
    return error;
  });
  let isFirst = first === undefined;
  while (!isDead) {
    const unanswered = sent.filter((batch) => batch.acknowledged === undefined).length;
    if (unanswered >= 100) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const events = Array.from({ length: 1 + (sent.length % 5) }, (_, at) =>
      testEvent(`${sent.length} ${at} `.repeat(20)),
    );
    const batch = await writer.batch(events);
    sent.push({ ...batch, acknowledged: undefined });
    call.send(batch.run, isFirst ? chainKey : undefined);
    isFirst = false;
  }
  await reading;
}

/** Everything that the server has, verified from the genesis on. */
async function storedSeals(header: Buffer): Promise<string[]> {
  using client = new RawClient(server.address);
  const verifier = new ReplayVerifier(parseGenesis(header));
  const seals: string[] = [];
  for await (const { bytes, message } of client.readEvents({ chainKey })) {
    if (message.message.case !== 'log') continue;
    const slice = sliceOf(bytes);
    await verifier.verify(slice);
    seals.push(...splitSlice(slice).map(({ commit }) => commit.sealHash.toString('hex')));
  }
  return seals;
}

test(`${rounds} times kill -9 under load: every acknowledged batch is there, whole, in order, once`, async () => {
  const { header, batch, writer: root } = await testGenesis({ chainKey, trustMode: 'distributed' });
  {
    using client = new RawClient(server.address);
    await client.appendBatch(batch.run, chainKey);
  }
  const writer = new TestWriter(root.chainId, root.key);
  const sent: Sent[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const dying = appendUntilDeath(writer, sent);
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 250));
    await server.kill();
    await dying;
    await server.start();
    const stored = await storedSeals(header);
    expect(new Set(stored).size).toBe(stored.length);
    for (const { acknowledged, sealHash } of sent) {
      if (acknowledged !== undefined) expect(stored[acknowledged]).toBe(sealHash.toString('hex'));
    }
    // What wasn't acknowledged may be there: then in the writer's order, without a gap.
    const order = sent.map(({ sealHash }) => sealHash.toString('hex'));
    expect(stored.slice(1)).toEqual(order.slice(0, stored.length - 1));
  }
  expect(sent.filter((each) => each.acknowledged !== undefined).length).toBeGreaterThan(rounds);
}, 180_000);
