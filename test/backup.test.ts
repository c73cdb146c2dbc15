import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { authClient, startAuthServer } from './support/auth-server.ts';
import { jsonLines } from './support/cli-fixture.ts';
import { filesWith } from './support/folder-bytes.ts';
import { runHere } from './support/run-here.ts';
import { rounds } from './support/scale.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Backups of a running server, and what is put back from them, as its operator sees it.

const chainKey = 'example.com/me/log';
const folderOf = (logsPath: string, key = chainKey) => join(logsPath, `${key}.chain`);

async function opened(server: TestServer, key = chainKey, home?: string) {
  const client = await testClient(server.address, home === undefined ? {} : { home });
  return client.open(key, { key: testKey, forAppend: true });
}

async function backUp(server: TestServer, folder: string, flags: readonly string[] = []) {
  const args = ['backup', '--all', folder, '--logs-path', server.logsPath, '--json', ...flags];
  return runHere('atedb', args);
}

/** What is verified in a folder. */
async function verify(folder: string) {
  const { code, stdout } = await runHere('atedb', ['verify', folder, '--json']);
  return { code, reports: jsonLines(stdout) };
}

test('a running server is backed up, again with little to copy, and restored elsewhere', async () => {
  await using server = await TestServer.start({
    trustMode: 'centralized',
    segmentBytesMax: 10_000,
  });
  const backup = join(await temporaryHome(), 'backup');
  const chain = await opened(server);
  const other = await opened(server, 'team/other');
  await other.append({ data: 'of the other' });
  const append = async (from: number, to: number) => {
    for (let at = from; at < to; at += 1) await chain.append({ data: `${at} ${'x'.repeat(500)}` });
  };
  await append(0, 60);
  const first = jsonLines((await backUp(server, backup)).stdout);
  expect(first).toMatchObject([
    { chainKey, state: 'backed up', events: 61 },
    { chainKey: 'team/other', state: 'backed up', events: 2 },
  ]);
  expect(Number(first[0]?.copiedSegments)).toBeGreaterThan(2);
  await append(60, 80);
  const [second] = jsonLines((await backUp(server, backup)).stdout);
  expect(second).toMatchObject({ events: 81 });
  expect(Number(second?.copiedBytes)).toBeLessThan(Number(first[0]?.copiedBytes));
  const [third] = jsonLines((await backUp(server, backup)).stdout);
  expect(third).toMatchObject({ events: 81, copiedSegments: 0, copiedBytes: 0 });
  const verified = await verify(backup);
  expect(verified).toMatchObject({ code: 0, reports: [{ events: 81 }, { events: 2 }] });
  for (const { files } of verified.reports)
    expect(files).toMatchObject({ derived: [], others: [] });
  expect((await stat(join(backup, '_sys', 'identity.key'))).mode & 0o777).toBe(0o600);
  // On another machine.
  const logsPath = join(await temporaryHome(), 'logs');
  const restored = await runHere('atedb', ['restore', backup, logsPath, '--json']);
  expect(restored.code, restored.stderr).toBe(0);
  expect(jsonLines(restored.stdout)).toEqual([
    { chainKey, state: 'restored', events: 81 },
    { chainKey: 'team/other', state: 'restored', events: 2 },
  ]);
  await using elsewhere = await TestServer.start({ trustMode: 'centralized', logsPath });
  const again = await opened(elsewhere);
  expect(await all(again.read())).toEqual(await all(chain.read()));
  expect(elsewhere.running.identity.fingerprintHex).toBe(server.running.identity.fingerprintHex);
  await again.append({ data: 'it goes on' });
});

test('a backup is consistent, whatever is appended, closed and rewritten meanwhile', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 12_000 });
  const backup = join(await temporaryHome(), 'backup');
  const chain = await opened(server);
  await chain.append({ name: 'bob', data: 'secret of bob' });
  let isOver = false;
  const appending = (async () => {
    for (let at = 0; !isOver; at += 1) {
      await chain.append({ name: `object ${at % 3}`, data: `${at} ${'x'.repeat(300)}` });
      await delay(3);
    }
  })();
  for (let round = 0; round < rounds({ short: 3, long: 12 }); round += 1) {
    if (round === 1) await chain.redact({ name: 'object 1' }, { wait: 'durable' });
    const { code, stdout, stderr } = await backUp(server, backup);
    expect(code, stderr).toBe(0);
    const [report] = jsonLines(stdout);
    const { reports } = await verify(backup);
    expect(reports).toMatchObject([
      { verdict: 'verified', events: report?.events, head: report?.head },
    ]);
  }
  isOver = true;
  await appending;
  await chain.redact({ name: 'bob' });
  expect(await filesWith(backup, 'secret of bob')).not.toEqual([]);
  await backUp(server, backup);
  expect(await filesWith(backup, 'secret of bob')).toEqual([]);
});

test('a server backs its chains up by itself when it ends', async () => {
  const backupPath = join(await temporaryHome(), 'backup');
  await using server = await TestServer.start({ backupPath });
  const chain = await opened(server);
  await chain.append({ data: 'one' });
  await chain.append({ data: 'two' });
  await server.restart();
  expect(await verify(backupPath)).toMatchObject({ code: 0, reports: [{ chainKey, events: 3 }] });
  await (await opened(server)).append({ data: 'three' });
  await server.restart();
  expect(await verify(backupPath)).toMatchObject({ code: 0, reports: [{ chainKey, events: 4 }] });
});

test('writers and readers that are ahead of a restored server are told so', async () => {
  await using server = await TestServer.start({ trustMode: 'distributed' });
  const backup = join(await temporaryHome(), 'backup');
  const home = await temporaryHome();
  const chain = await opened(server, chainKey, home);
  await chain.append({ data: 'one' });
  await backUp(server, backup);
  await chain.append({ data: 'two' });
  await chain.close();
  const { port } = server.running;
  const restoring = async () => {
    const refused = await runHere('atedb', ['restore', backup, server.logsPath]);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain('--replace');
    const args = ['restore', backup, server.logsPath, '--replace', '--chain', chainKey];
    expect(await runHere('atedb', args)).toMatchObject({ code: 0 });
  };
  await server.restart(restoring, { port });
  const names = await readdir(join(folderOf(server.logsPath), '..'));
  expect(names.sort()).toEqual(['log.chain', 'log.chain~replaced-1']);
  await expect(opened(server, chainKey, home)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
  // Who remembers no head knows all the same what was acknowledged.
  await rm(join(home, 'chains'), { recursive: true });
  await expect(
    opened(server, chainKey, home).then((ahead) => ahead.append({ data: 'three' })),
  ).rejects.toMatchObject({ reason: 'WRITER_AHEAD' });
  const stranger = await opened(server);
  expect((await take(stranger.read({ reverse: true }), 1))[0]?.data?.toString()).toBe('one');
  // The backup is not put back behind what it has.
  await stranger.append({ data: 'another two' });
  expect((await backUp(server, backup)).code).toBe(0);
});

test('a backup is never put back behind what it has, nor taken for that of another chain', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 3_000 });
  await using other = await TestServer.start();
  const [old, backup] = [join(await temporaryHome(), 'old'), join(await temporaryHome(), 'new')];
  const chain = await opened(server);
  await chain.append({ data: 'one' });
  await backUp(server, old);
  await chain.append([{ data: 'two' }, { data: 'x'.repeat(4_000) }]);
  await chain.append({ data: 'three' });
  await backUp(server, backup);
  const before = await verify(backup);
  await server.restart(async () => {
    await runHere('atedb', ['restore', old, server.logsPath, '--replace']);
  });
  for (const fork of [
    async () => undefined,
    async () => opened(server).then((one) => one.append({ data: 'fork' })),
  ]) {
    await fork();
    const { code, stdout, stderr } = await backUp(server, backup);
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toMatchObject([{ state: 'failed', reason: 'BACKUP_MISMATCH' }]);
    expect(jsonLines(stderr)).toMatchObject([{ reason: 'BACKUP_MISMATCH' }]);
  }
  await (await opened(other)).append({ data: 'of another chain' });
  expect((await backUp(other, backup)).code).toBe(1);
  expect(await verify(backup)).toEqual(before);
});

test('damage is neither backed up nor restored', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 3_000 });
  const backup = join(await temporaryHome(), 'backup');
  const chain = await opened(server);
  for (let at = 0; at < 9; at += 1) await chain.append({ data: `${at} ${'x'.repeat(1_000)}` });
  const damage = async (path: string) => {
    const bytes = await readFile(path);
    bytes[1_500] = (bytes[1_500] as number) ^ 1;
    await writeFile(path, bytes);
  };
  expect((await backUp(server, backup)).code).toBe(0);
  const logsPath = join(await temporaryHome(), 'logs');
  await damage(join(folderOf(backup), 'segment-00000001.log'));
  const restored = await runHere('atedb', ['restore', backup, logsPath]);
  expect(restored.code).toBe(1);
  expect(restored.stderr).toContain('segment-00000001.log');
  expect(await readdir(join(folderOf(logsPath), '..'))).toEqual(['log.chain.new']);
  await damage(join(folderOf(server.logsPath), 'segment-00000000.log'));
  const fresh = join(await temporaryHome(), 'fresh');
  const failed = await backUp(server, fresh);
  expect(failed.code).toBe(1);
  expect(jsonLines(failed.stdout)).toMatchObject([{ state: 'failed', reason: 'CHAIN_DAMAGED' }]);
});

test('damage at the very end of a copy is no torn end: all of it was durable', async () => {
  await using server = await TestServer.start();
  const backup = join(await temporaryHome(), 'backup');
  const chain = await opened(server);
  await chain.append({ data: 'x'.repeat(1_000) });
  expect((await backUp(server, backup)).code).toBe(0);
  const path = join(folderOf(backup), 'segment-00000000.log');
  const bytes = await readFile(path);
  const at = bytes.indexOf('xxxx');
  bytes[at] = (bytes[at] as number) ^ 1;
  await writeFile(path, bytes);
  expect((await verify(backup)).code).not.toBe(0);
  const restored = await runHere('atedb', ['restore', backup, join(await temporaryHome(), 'logs')]);
  expect(restored.code).toBe(1);
  expect(restored.stderr).toContain('segment-00000000.log');
});

test('accounts are backed up and restored with the server that keeps them, and no backup of another server is overwritten', async () => {
  const password = 'correct horse battery';
  await using server = await startAuthServer();
  await using client = await authClient(server);
  await client.accounts.create({ account: 'anna@example.com', password });
  const backup = join(await temporaryHome(), 'backup');
  const claimed = { key: testKey, forAppend: true, claim: true };
  await (await client.open(chainKey, claimed)).append({ data: 'one' });
  const first = await backUp(server, backup);
  expect(jsonLines(first.stdout)).toMatchObject([{ chainKey }, { chainKey: '_sys/auth' }]);
  // As a chain, and not file by file: each copy is whole, and has what was done since.
  await client.accounts.create({ account: 'bert@example.com', password });
  const second = jsonLines((await backUp(server, backup)).stdout);
  expect(second[1]?.events).toBeGreaterThan(Number(jsonLines(first.stdout)[1]?.events));
  await using other = await startAuthServer();
  const foreign = await backUp(other, backup);
  expect([foreign.code, jsonLines(foreign.stderr)]).toMatchObject([
    1,
    [{ reason: 'BACKUP_MISMATCH' }],
  ]);
  const keyOf = (path: string) => readFile(join(path, '_sys', 'identity.key'), 'utf8');
  expect(await keyOf(backup)).toBe(await keyOf(server.logsPath));
  const logsPath = join(await temporaryHome(), 'logs');
  const restored = await runHere('atedb', ['restore', backup, logsPath, '--json']);
  expect(jsonLines(restored.stdout)).toMatchObject([{ chainKey }, { chainKey: '_sys/auth' }]);
  await using elsewhere = await startAuthServer({}, { logsPath });
  await using again = await authClient(elsewhere);
  await again.accounts.login({ account: 'bert@example.com', password });
});

test('what is to be backed up, and where to, is to be said', async () => {
  await using server = await TestServer.start();
  const backup = join(await temporaryHome(), 'backup');
  const logs = ['--logs-path', server.logsPath];
  const said = async (...args: string[]) => (await runHere('atedb', ['backup', ...args])).code;
  expect(await said('--all', ...logs)).toBe(2);
  expect(await said(backup, ...logs)).toBe(2);
  expect((await runHere('atedb', ['backup', backup])).stderr).toMatch(
    /^Try: atedb backup --help$/m,
  );
  expect(await said('ate://elsewhere.example.com/team/db', backup)).toBe(2);
  expect(await said('--all', join(server.logsPath, 'inside'), ...logs)).toBe(2);
  expect(await said('--all', backup, '--logs-path', backup)).toBe(2);
  expect(await said('ate://localhost/team/none', backup, ...logs)).toBe(3);
  await (await opened(server)).append({ data: 'one' });
  expect(await said(`ate://localhost/${chainKey}`, backup, ...logs)).toBe(0);
  expect(await readdir(join(backup, '_sys'))).toEqual(['lock']);
});
