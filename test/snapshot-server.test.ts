import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AtedbClient, type Chain, type ChainEvent, KeyPair } from '../src/client/index.ts';
import { jsonLines } from './support/cli-fixture.ts';
import { clock, dayMs, letDaysPass } from './support/passing-days.ts';
import { runHere, runOnlyHere } from './support/run-here.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Whole events that go under a snapshot, in a running server: real files, real threads, real sockets. Only time passes faster.

const chainKey = 'team/state';

letDaysPass();

async function start(trustMode: 'centralized' | 'distributed' = 'centralized') {
  return TestServer.start({
    trustMode,
    segmentBytesMax: 20_000,
    compact: { horizonMs: 0, mode: 'never' },
  });
}

const parent = Buffer.alloc(16, 7);

/** Objects that are written over and over, one that is removed, and children. */
async function fill(chain: Chain, rounds = 30): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await chain.append([0, 1, 2].map((at) => ({ name: `object-${at}`, data: `${round}` })));
  }
  await chain.append({ name: 'removed', data: 'x' });
  await chain.append({ name: 'removed', kind: 'tombstone' });
  await chain.append({ primaryKey: parent, data: 'parent' });
  await chain.append({ name: 'child', parent, data: 'first' });
}

const open = (client: AtedbClient) => client.open(chainKey, { forAppend: true, key: testKey });

/** What a reader has of each object in the end. */
function stateOf(events: readonly ChainEvent[]): Map<string, string> {
  const state = new Map<string, string>();
  for (const { kind, primaryKey, data } of events) {
    const key = primaryKey.toString('hex');
    if (kind === 'data') state.set(key, String(data));
    else if (kind === 'tombstone') state.delete(key);
  }
  return state;
}

test.each(['centralized', 'distributed'] as const)(
  'a %s chain forgets what was written over, and is read, proven, restarted and backed up as before',
  { timeout: 120_000 },
  async (trustMode) => {
    await using server = await start(trustMode);
    await using client = await testClient(server.address);
    const chain = await open(client);
    await fill(chain);
    const before = await all(chain.read());
    const proof = await chain.prove({ sequence: 40 });
    clock.aheadMs = 8 * dayMs;
    await chain.append({ name: 'object-0', data: 'young' });
    const live = chain
      .subscribe({ from: { sequence: 20 }, resumes: false, timeoutMs: 60_000 })
      [Symbol.asyncIterator]();
    const first = await live.next();
    expect(first.value?.sequence).toBe(20);

    const planned = await chain.snapshot({ dryRun: true });
    expect(planned).toMatchObject({ committed: undefined });
    const made = await chain.snapshot();
    expect(made?.goneNow).toBe(planned?.goneNow);
    expect(made?.goneNow).toBeGreaterThan(80);
    const full = await all(chain.read());
    const result = await client.admin.compact(chainKey);
    expect(result.snapshot).toMatchObject({ events: made?.goneNow, refused: undefined });
    expect(result.bytesAfter).toBeLessThan(result.bytesBefore);
    const headBefore = chain.head;

    const now = await all(chain.read());
    expect(now.length).toBe(full.length - (made?.goneNow ?? 0));
    expect(stateOf(now)).toEqual(stateOf(full));
    expect(chain.head).toEqual(headBefore);
    expect(now.at(-1)?.snapshot?.events).toBe(made?.content.events);
    // Whoever was in the middle goes on, and has what it had before and what is left.
    const rest = new Set<number>();
    await chain.append({ name: 'last', data: 'last' });
    for (;;) {
      const next = await live.next();
      if (next.done) break;
      expect(rest.has(next.value.sequence)).toBe(false);
      rest.add(next.value.sequence);
      if (String(next.value.data) === 'last') break;
    }
    await live.return?.();
    expect(now.every(({ sequence }) => sequence <= 20 || rest.has(sequence))).toBe(true);

    const backwards = await all(chain.read({ reverse: true }));
    expect(backwards.map(({ sequence }) => sequence).reverse()).toEqual([
      ...now.map(({ sequence }) => sequence),
      full.length,
    ]);
    const middle = await all(chain.read({ from: 30, end: 60 }));
    expect(middle.every(({ sequence }) => sequence >= 30 && sequence < 60)).toBe(true);
    expect((await chain.get({ name: 'object-1' }))?.data?.toString()).toBe('29');
    expect(await chain.get({ name: 'removed' })).toBeUndefined();
    await expect(chain.get({ sequence: 40 })).rejects.toMatchObject({ reason: 'EVENT_GONE' });
    const children = await all(chain.children({ primaryKey: parent }));
    expect(children.map(({ data }) => String(data))).toEqual(['first']);
    const left = now.find(({ kind, sequence }) => kind === 'data' && sequence > 5) as ChainEvent;
    await chain.prove({ sequence: left.sequence, fromSize: 3 });
    // Against all older trees, also such whose last commit is gone.
    let byNewer = 0;
    for (let size = 3; size <= left.commit + 4; size += 1) {
      const sequence = size > left.commit ? left.sequence : 0;
      const { facts } = await chain.prove({ sequence, fromSize: 3, size });
      expect(facts.head.size).toBe(size);
      byNewer += facts.newer === undefined ? 0 : 1;
    }
    expect(byNewer).toBeGreaterThan(10);
    expect(before[40]?.sequence).toBe(proof.facts.event?.sequence);
    // Of what is left all verifies again in another's eyes, after a restart, and with only the files.
    await server.restart();
    await using another = await testClient(server.address);
    const again = await another.open(chainKey, { key: testKey });
    expect(stateOf(await all(again.read())).size).toBe(stateOf(full).size + 1);
    const folder = join(server.logsPath, `${chainKey}.chain`);
    expect(await runHere('atedb', ['verify', folder])).toMatchObject({ code: 0 });
    const backup = join(await temporaryHome(), 'backup');
    const flags = ['--logs-path', server.logsPath];
    expect(await runHere('atedb', ['backup', '--all', backup, ...flags])).toMatchObject({
      code: 0,
    });
    const copy = join(backup, `${chainKey}.chain`);
    const verified = await runHere('atedb', ['verify', copy]);
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).toContain('gone under a snapshot');
    // Tiles of what is gone are nowhere else.
    await server.running.drain('a test');
    await rm(join(folder, 'tiles'), { recursive: true });
    const lost = await runHere('atedb', ['verify', folder]);
    expect(lost.stdout + lost.stderr).toContain('A backup may have them');
  },
);

test('only a root lets events go', async () => {
  await using server = await start();
  await using client = await testClient(server.address);
  const chain = await open(client);
  await fill(chain, 5);
  await chain.append({ kind: 'rules', write: 'everyone' });
  clock.aheadMs = 8 * dayMs;
  await using other = await testClient(server.address);
  const theirs = await other.open(chainKey, { forAppend: true, key: KeyPair.generate() });
  await theirs.append({ name: 'theirs', data: 'x' });
  await expect(theirs.snapshot()).rejects.toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect(await chain.snapshot()).toMatchObject({ committed: expect.anything() });
});

test('who was away since before the snapshot goes on, but for what was made by what it knew', async () => {
  await using server = await start();
  await using client = await testClient(server.address);
  const chain = await open(client);
  await fill(chain, 5);
  await using away = await testClient(server.address);
  const theirs = await away.open(chainKey, { forAppend: true, key: testKey });
  await theirs.append({ name: 'theirs', data: '1' });
  await chain.append({ name: 'later', data: 'x' });
  clock.aheadMs = 8 * dayMs;
  await chain.append({ name: 'object-1', data: 'new' });
  await chain.snapshot();
  await client.admin.compact(chainKey);
  const removed = { primaryKey: (await chain.get({ name: 'object-1' }))?.primaryKey as Buffer };
  const stale = theirs.append(
    { name: 'object-1', data: 'old' },
    { objectsUnchangedSince: [{ ...removed, sequence: 3 }] },
  );
  await expect(stale).rejects.toMatchObject({ reason: 'STALE' });
  const { lastSequence } = await theirs.append({ name: 'theirs', data: '2' });
  expect((await take(chain.read({ from: lastSequence }), 1))[0]?.data?.toString()).toBe('2');
});

test('a program that goes on with what it has kept is told where what removed it may be gone', async () => {
  await using server = await start();
  await using client = await testClient(server.address);
  const chain = await open(client);
  await chain.append({ name: 'removed', data: 'x' });
  await chain.append({ name: 'kept', data: 'x' });
  const kept = (await all(chain.read())).length;
  await chain.append({ name: 'removed', kind: 'tombstone' });
  await chain.append({ name: 'kept', data: 'y' });
  const later = (await all(chain.read())).length;
  clock.aheadMs = 8 * dayMs;
  await chain.append({ name: 'young', data: 'x' });
  await chain.snapshot();
  const end = (await all(chain.read())).length;
  // As long as nothing is gone there is nothing to be told.
  expect(await all(chain.read({ from: kept, resumes: true }))).toHaveLength(end - kept);
  await client.admin.compact(chainKey);
  const told = { reason: 'HISTORY_COMPACTED', message: expect.stringContaining('--fresh') };
  await expect(all(chain.read({ from: kept, resumes: true }))).rejects.toMatchObject(told);
  const follow = (sequence: number, resumes?: boolean) =>
    take(chain.subscribe({ from: { sequence }, resumes, timeoutMs: 20_000 }), 1);
  await expect(follow(kept)).rejects.toMatchObject(told);
  const byTime = take(chain.subscribe({ from: { timeUnixMs: 1 }, resumes: true }), 1);
  await expect(byTime).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  // Who has read all of what is gone, or has kept nothing, misses nothing.
  expect(await all(chain.read({ from: later, resumes: true }))).toHaveLength(end - later);
  expect((await follow(later))[0]?.sequence).toBe(later);
  expect((await follow(kept, false))[0]?.sequence).toBe(later - 1);
  expect((await all(chain.read({ from: kept }))).map(({ sequence }) => sequence)[0]).toBe(
    later - 1,
  );
  await expect(all(chain.read({ from: 1, resumes: true, reverse: true }))).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    metadata: { field: 'resumes' },
  });
  const address = `ate://${server.address}/${chainKey}`;
  const run = (...flags: string[]) => runHere('atedb', [...flags, address, '--plain', '--json']);
  const from = ['--from', String(kept)];
  expect((await run('read', ...from)).code).toBe(0);
  for (const command of [['read', '--resume'], ['tail']]) {
    const ended = await run(...command, ...from);
    expect(ended.code, ended.stderr).toBe(1);
    expect(ended.stderr).toContain('HISTORY_COMPACTED');
  }
});

test('the command says what would go, lets it go, and says nothing where nothing would', async () => {
  await using server = await start();
  const home = await temporaryHome();
  await using client = await testClient(server.address, { home });
  const chain = await client.open(chainKey, { forAppend: true });
  await fill(chain, 5);
  await chain.close();
  const address = `ate://${server.address}/${chainKey}`;
  const run = (...flags: string[]) =>
    runOnlyHere('atedb', ['snapshot', address, '--no-wire-encryption', ...flags], {
      environment: { ATE_HOME: home },
    });
  const young = await run();
  expect(young.stdout).toContain('nothing would go');
  clock.aheadMs = 8 * dayMs;
  const planned = jsonLines((await run('--json', '--dry-run')).stdout)[0];
  expect(planned).toMatchObject({ gone: expect.any(Number) });
  const done = jsonLines((await run('--json')).stdout)[0];
  expect(done).toMatchObject({ gone: planned?.gone, lastSequence: expect.any(Number) });
});
