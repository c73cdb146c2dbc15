import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AtedbClient, Chain, ChainEvent } from '../src/client/index.ts';
import { jsonLines } from './support/cli-fixture.ts';
import { clock, dayMs, letDaysPass } from './support/passing-days.ts';
import { runHere } from './support/run-here.ts';
import { all, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Backups before, between and after a snapshot and its compaction, and what becomes of a chain whose tiles, which alone have the hashes of
// what is gone, are damaged. Only time passes faster.

const chainKey = 'team/state';

letDaysPass();

const options = {
  trustMode: 'centralized',
  segmentBytesMax: 20_000,
  compact: { horizonMs: 0, mode: 'never' },
} as const;

const folderOf = (logsPath: string) => join(logsPath, `${chainKey}.chain`);
const open = (client: AtedbClient) => client.open(chainKey, { forAppend: true, key: testKey });

async function fill(chain: Chain): Promise<void> {
  for (let round = 0; round < 14; round += 1) {
    await chain.append([0, 1, 2].map((at) => ({ name: `object-${at}`, data: `${round}` })));
  }
  await chain.append({ name: 'removed', data: 'x' });
  await chain.append({ name: 'removed', kind: 'tombstone' });
  clock.aheadMs += 8 * dayMs;
  await chain.append({ name: 'object-0', data: 'young' });
}

async function backUp(server: TestServer, to: string) {
  const flags = ['--logs-path', server.logsPath, '--json'];
  const { code, stdout, stderr } = await runHere('atedb', ['backup', '--all', to, ...flags]);
  expect(code, stderr).toBe(0);
  return jsonLines(stdout)[0];
}

async function verify(folder: string) {
  const { code, stdout } = await runHere('atedb', ['verify', folder, '--json']);
  return { code, ...jsonLines(stdout)[0] };
}

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

test('a backup of any time, and one that went on over the snapshot, is whole, and goes on where it is restored', async () => {
  const home = await temporaryHome();
  const [before, between, after] = ['before', 'between', 'after'].map((name) =>
    join(home, name),
  ) as [string, string, string];
  const clientHome = await temporaryHome();
  await using server = await TestServer.start(options);
  await using client = await testClient(server.address, { home: clientHome });
  const chain = await open(client);
  await fill(chain);
  const full = await all(chain.read());
  await backUp(server, before);
  await cp(before, between, { recursive: true });
  const made = await chain.snapshot();
  await backUp(server, between);
  await cp(between, after, { recursive: true });
  await client.admin.compact(chainKey);
  await backUp(server, after);
  expect(await backUp(server, after)).toMatchObject({ copiedSegments: 0, copiedBytes: 0 });
  const left = full.length + 1 - (made?.goneNow ?? 0);
  // What is gone is gone from the copy that went on, and from no other.
  const expected = new Map([
    [before, { events: full.length, there: full.length, snapshot: undefined }],
    [
      between,
      { events: full.length + 1, there: full.length + 1, snapshot: { events: made?.goneNow } },
    ],
    [after, { events: full.length + 1, there: left, snapshot: undefined }],
  ]);
  for (const [backup, { events, there, snapshot }] of expected) {
    const found = await verify(backup);
    expect(found).toMatchObject({ code: 0, verdict: 'verified', events, files: { derived: [] } });
    const logsPath = join(home, `${backup}-restored`);
    expect(await runHere('atedb', ['restore', backup, logsPath])).toMatchObject({ code: 0 });
    await using elsewhere = await TestServer.start({ ...options, logsPath });
    await using reader = await testClient(elsewhere.address);
    const restored = await open(reader);
    const read = await all(restored.read());
    expect(read).toHaveLength(there);
    expect(stateOf(read)).toEqual(stateOf(full));
    // A snapshot that it has, and that was not carried out, is; it takes events, another snapshot, and another backup.
    const compacted = await reader.admin.compact(chainKey);
    if (snapshot === undefined) expect(compacted.snapshot).toBeUndefined();
    else expect(compacted.snapshot).toMatchObject(snapshot);
    expect(await all(restored.read())).toHaveLength(snapshot === undefined ? there : left);
    clock.aheadMs += 10 * dayMs;
    await restored.append({ name: 'object-1', data: 'restored' });
    expect((await restored.snapshot())?.goneNow).toBeGreaterThan(0);
    await reader.admin.compact(chainKey);
    await restored.prove({ sequence: read.at(-1)?.sequence ?? 0, fromSize: 1 });
    await backUp(elsewhere, backup);
    const again = await verify(backup);
    expect(again).toMatchObject({ code: 0, verdict: 'verified', files: { derived: [] } });
    clock.aheadMs -= 10 * dayMs;
  }
  // Who wrote to what came after is told so by what was restored from before.
  const { port } = server.running;
  await client.close();
  await server.restart(
    async () => {
      await runHere('atedb', ['restore', before, server.logsPath, '--replace']);
    },
    { port },
  );
  await using ahead = await testClient(server.address, { home: clientHome });
  await expect(open(ahead)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
  await rm(join(clientHome, 'chains'), { recursive: true });
  await using stranger = await testClient(server.address, { home: clientHome });
  const again = await open(stranger);
  await expect(again.append({ data: 'x' })).rejects.toMatchObject({ reason: 'WRITER_AHEAD' });
}, 120_000);

test('hashes of what is gone that are lost are missed by those alone who ask for them, and a backup gives them back', async () => {
  const home = await temporaryHome();
  const [backup, worse] = [join(home, 'backup'), join(home, 'worse')];
  await using server = await TestServer.start(options);
  const folder = folderOf(server.logsPath);
  {
    await using client = await testClient(server.address);
    const chain = await open(client);
    await fill(chain);
    await chain.snapshot();
    await client.admin.compact(chainKey);
    await chain.append({ name: 'object-0', data: 'last' });
    await backUp(server, backup);
  }
  const spoil = async (path: string) => {
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] as number) ^ 1;
    await writeFile(path, bytes);
  };
  await server.restart(() => spoil(join(folder, 'tiles', '0')));
  {
    await using client = await testClient(server.address);
    const chain = await open(client);
    const read = await all(chain.read());
    await chain.append({ name: 'object-0', data: 'more' });
    const last = read.at(-1)?.sequence ?? 0;
    await chain.prove({ sequence: last, fromSize: 1 });
    // Of a head that ends among what is gone nothing else is left.
    const within = chain.prove({ sequence: last, fromSize: 3 });
    await expect(within).rejects.toMatchObject({
      reason: 'CHAIN_DAMAGED',
      message: expect.stringContaining('backup'),
    });
    const { health } = await client.describe(chainKey);
    expect(health).toBe('good');
  }
  await server.restart(async () => {
    const found = await verify(folder);
    expect(found).toMatchObject({ code: 0, verdict: 'verified', files: { derived: [] } });
    expect(JSON.stringify(found)).toContain('lacks the hashes of');
    const looked = await runHere('atedb', ['repair', folder, '--from', backup]);
    expect(looked).toMatchObject({ code: 8 });
    expect(looked.stdout).toContain('write tiles/ anew, with hashes that the backup has');
    const done = await runHere('atedb', ['repair', folder, '--from', backup, '--apply']);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(JSON.stringify(await verify(folder))).not.toContain('lacks the hashes of');
  });
  {
    await using client = await testClient(server.address);
    const chain = await open(client);
    const last = (await all(chain.read())).at(-1)?.sequence ?? 0;
    await chain.prove({ sequence: last, fromSize: 3 });
  }
  // A backup that has lost them itself is restored all the same, whatever is left of them.
  await spoil(join(folderOf(backup), 'tiles', '0'));
  await cp(backup, worse, { recursive: true });
  await rm(join(folderOf(worse), 'tiles'), { recursive: true });
  for (const from of [backup, worse]) {
    const logsPath = `${from}-restored`;
    const restored = await runHere('atedb', ['restore', from, logsPath]);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(await readdir(join(folderOf(logsPath), 'tiles'))).toEqual(['0']);
    await using elsewhere = await TestServer.start({ ...options, logsPath });
    await using reader = await testClient(elsewhere.address);
    await (await open(reader)).append({ data: 'it goes on' });
  }
}, 120_000);
