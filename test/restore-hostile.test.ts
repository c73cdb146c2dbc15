import { execFileSync } from 'node:child_process';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RealStorage, readErasures } from '../src/log/index.ts';
import { parseManifest } from '../src/log/manifest.ts';
import { encodeSnapshot, parseSnapshot } from '../src/log/snapshot-file.ts';
import { runHere } from './support/run-here.ts';
import { temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A backup that somebody else has had in his hands: what is restored from it is what verifies, and nothing else is believed.

const chainKey = 'example.com/me/log';

test('of a backup nothing is believed that its segments do not say', async () => {
  await using server = await TestServer.start({
    trustMode: 'distributed',
    segmentBytesMax: 10_000,
  });
  const home = await temporaryHome();
  const client = await testClient(server.address);
  const chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ name: 'bob', data: 'secret of bob' });
  for (let at = 0; at < 5; at += 1) await chain.append({ data: `${at} ${'x'.repeat(3_000)}` });
  await chain.redact({ name: 'bob' });
  for (let at = 0; at < 5; at += 1) await chain.append({ data: `${at} ${'x'.repeat(3_000)}` });
  const backup = join(home, 'backup');
  const args = ['backup', '--all', backup, '--logs-path', server.logsPath];
  expect((await runHere('atedb', args)).code).toBe(0);
  const folder = join(backup, `${chainKey}.chain`);
  // A state in which the chain has nobody who has written, and rules of somebody's own.
  const { active, chainId } = parseManifest(await readFile(join(folder, 'manifest')));
  const name = `snapshot-${String(active.segment).padStart(8, '0')}`;
  const file = join(folder, name);
  const { snapshot, authority, timeUnixMs } = parseSnapshot(await readFile(file), {
    chainId,
    ...active,
  });
  const { firstCommit: nextCommit, firstSequence: nextSequence } = active;
  const place = { chainId, nextCommit, nextSequence, timeUnixMs };
  const state = {
    snapshot: { ...snapshot, writers: [] },
    authority: Promise.resolve([authority as Buffer]),
  };
  await writeFile(file, await encodeSnapshot(state, place));
  expect((await readdir(folder)).some((one) => one.startsWith('keys-'))).toBe(true);
  const logsPath = join(home, 'logs');
  const restored = await runHere('atedb', ['restore', backup, logsPath]);
  expect(restored.code, restored.stderr).toBe(0);
  const place2 = join(logsPath, `${chainKey}.chain`);
  const names = await readdir(place2);
  expect(names).not.toContain(name);
  expect(names.filter((one) => one.startsWith('keys-'))).toEqual([]);
  // That all was erased is the backup's word.
  const erasures = await readErasures({ storage: new RealStorage(), folder: place2 }, chainId);
  expect(erasures).toEqual({ doneBefore: 0, isPending: true });
  await using elsewhere = await TestServer.start({ trustMode: 'distributed', logsPath });
  const other = await testClient(elsewhere.address);
  const again = await other.open(chainKey, { key: testKey, forAppend: true });
  await again.append({ name: 'bob', data: 'it goes on' });
  expect((await again.get({ name: 'bob' }))?.data?.toString()).toBe('it goes on');
});

test('files of a backup that are larger than they may be, or no files, fill no disk and keep nobody waiting', async () => {
  await using server = await TestServer.start({
    trustMode: 'distributed',
    segmentBytesMax: 10_000,
  });
  const home = await temporaryHome();
  const client = await testClient(server.address);
  const chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let at = 0; at < 5; at += 1) await chain.append({ data: `${at} ${'x'.repeat(3_000)}` });
  const sound = join(home, 'sound');
  const args = ['backup', '--all', sound, '--logs-path', server.logsPath];
  expect((await runHere('atedb', args)).code).toBe(0);
  const restoring = async (name: string, change: (folder: string) => Promise<unknown>) => {
    const backup = join(home, name);
    await cp(sound, backup, { recursive: true });
    await change(join(backup, `${chainKey}.chain`));
    const logsPath = join(home, `${name}-logs`);
    const { code, stderr } = await runHere('atedb', ['restore', backup, logsPath]);
    return { code, stderr, logsPath };
  };
  const hugeBytes = 2 ** 40;
  const segment = 'segment-00000000.log';
  const long = await restoring('long', (folder) => truncate(join(folder, segment), hugeBytes));
  expect(long).toMatchObject({ code: 1, stderr: expect.stringContaining(segment) });
  const pipe = await restoring('pipe', async (folder) => {
    await rm(join(folder, segment));
    execFileSync('mkfifo', [join(folder, segment)]);
  });
  expect(pipe).toMatchObject({ code: 1, stderr: expect.stringContaining(segment) });
  const record = await restoring('record', (folder) => {
    return truncate(join(folder, 'keys-00000000'), hugeBytes);
  });
  expect(record).toMatchObject({ code: 1, stderr: expect.stringContaining('keys-00000000') });
  // What the tree can't have is left out.
  const tiles = await restoring('tiles', (folder) =>
    truncate(join(folder, 'tiles', '0'), hugeBytes),
  );
  expect(tiles.code, tiles.stderr).toBe(0);
  const copied = await stat(join(tiles.logsPath, `${chainKey}.chain`, 'tiles', '0'));
  expect(copied.size).toBeLessThanOrEqual(6 * 32);
});
