import { cp, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AtedbError } from '../src/client/index.ts';
import { KillableServer } from './support/killable-server.ts';
import { machineMounts, makeReadOnly, smallFileSystem } from './support/mounts.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const hasMounts = machineMounts();

// What the machine beneath a server may be like.

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atedb-environment-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function killable(
  ...options: ConstructorParameters<typeof KillableServer>
): Promise<KillableServer> {
  const server = new KillableServer(...options);
  onTestFinished(() => server.kill());
  await server.start();
  return server;
}

/** Append these, each as an event, through a client of its own that gives up soon. */
async function append(address: string, chainKey: string, ...texts: string[]): Promise<void> {
  await using client = await testClient(address);
  const options = { key: testKey, forAppend: true, reconnectMs: 300 };
  const chain = await client.open(chainKey, options);
  for (const data of texts) await chain.append({ data });
}

/** What the events of a chain say, without its genesis; the client verifies all of it. */
async function textsOf(address: string, chainKey: string): Promise<string[]> {
  await using client = await testClient(address);
  const events = await all((await client.open(chainKey)).read({ from: 1 }));
  return events.map(({ data }) => String(data));
}

const chainKey = 'team/environment';
const segmentBytesMax = 60_000;

describe('the clock', () => {
  test('however it jumps, times of commits never decrease, across restarts too', async () => {
    const clock = pathToFileURL(join(import.meta.dirname, 'support', 'shifting-clock.ts')).href;
    const execArgv = ['--import', clock];
    const server = await killable(await temporaryFolder(), segmentBytesMax, { execArgv });
    const hourMs = 3_600_000;
    const texts: string[] = [];
    const startMs = Date.now();
    for (const offsetMs of [0, -hourMs, hourMs, -30 * 24 * hourMs, 0]) {
      await server.shiftClock(offsetMs);
      const more = Array.from({ length: 4 }, (_, index) => `${offsetMs} ${index}`);
      await append(server.address, chainKey, ...more);
      texts.push(...more);
      // The clock of a process that is started again is right.
      if (offsetMs !== -hourMs) continue;
      await server.kill();
      await server.start();
    }
    expect(await textsOf(server.address, chainKey)).toEqual(texts);
    await using client = await testClient(server.address);
    const chain = await client.open(chainKey);
    const events = await all(chain.read());
    const times = events.map(({ committedUnixMs }) => committedUnixMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    // While the clock was behind, time stood still; when it was ahead, it went there and stayed.
    expect(times[5]).toBe(times[4]);
    expect(times.at(-1)).toBeGreaterThanOrEqual(startMs + hourMs);
    expect(times.at(-1)).toBe(times[12]);
    // A point in time is still one place of the log.
    const from = { timeUnixMs: startMs + hourMs };
    for await (const event of chain.subscribe({ from })) {
      expect(String(event.data)).toBe(texts[8]);
      break;
    }
  });
});

describe('two servers', () => {
  test('on one folder: the second ends at once, by any path to it, and the first goes on; not so on a copy', async () => {
    const logsPath = await temporaryFolder();
    const first = await killable(logsPath, segmentBytesMax);
    await append(first.address, chainKey, 'a');
    const link = join(await temporaryFolder(), 'link');
    await symlink(logsPath, link);
    for (const path of [logsPath, link]) {
      const options = { stderr: 'ignore' } as const;
      const second = new KillableServer(path, segmentBytesMax, options);
      await expect(second.start()).rejects.toThrow('ended with 1 before it listened');
    }
    await append(first.address, chainKey, 'b');
    await first.kill();
    // The kernel has let go of the lock: nothing is left to clean up, and nothing to wait for.
    const next = await killable(logsPath, segmentBytesMax);
    const copy = await temporaryFolder();
    await cp(logsPath, copy, { recursive: true });
    const other = await killable(copy, segmentBytesMax);
    await append(next.address, chainKey, 'c');
    await append(other.address, chainKey, 'not c');
    expect(await textsOf(next.address, chainKey)).toEqual(['a', 'b', 'c']);
    expect(await textsOf(other.address, chainKey)).toEqual(['a', 'b', 'not c']);
  });
});

describe.skipIf(!hasMounts)('a file system that is read-only', () => {
  test('from the start: a clear error', async () => {
    const logsPath = smallFileSystem(20_000_000);
    makeReadOnly(logsPath, true);
    await expect(TestServer.start({ logsPath })).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringContaining('the file system is read-only'),
    });
  });

  test('with chains on it: a clear error, and nothing is changed', async () => {
    const logsPath = smallFileSystem(20_000_000);
    const server = await killable(logsPath, segmentBytesMax);
    await append(server.address, chainKey, 'a');
    await server.kill();
    makeReadOnly(logsPath, true);
    const error = await TestServer.start({ logsPath }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringMatching(/read-?only/),
    });
    makeReadOnly(logsPath, false);
    await server.start();
    await append(server.address, chainKey, 'b');
    expect(await textsOf(server.address, chainKey)).toEqual(['a', 'b']);
    await server.kill();
  });
});

describe.skipIf(!hasMounts)('a disk that is full', () => {
  test('from the start: a clear error', async () => {
    const logsPath = smallFileSystem(64 * 1024);
    await fill(logsPath);
    await expect(TestServer.start({ logsPath })).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringMatching(/no space is left|ENOSPC|full/),
    });
  });

  test('after a while: appends fail, reads go on, what was acknowledged stays, and with room it goes on', async () => {
    const logsPath = smallFileSystem(3_000_000);
    const server = await killable(logsPath, segmentBytesMax);
    const filler = join(logsPath, 'filler');
    await append(server.address, chainKey, 'a');
    await fill(logsPath);
    const stored: string[] = [];
    let failure: unknown;
    {
      await using client = await testClient(server.address);
      const chain = await client.open(chainKey, { key: testKey, reconnectMs: 300 });
      for (let index = 0; failure === undefined; index += 1) {
        const data = `${index} `.repeat(200);
        await chain.append({ data }).then(
          () => void stored.push(data),
          (error: unknown) => {
            failure = error;
          },
        );
      }
    }
    expect(failure).toBeInstanceOf(AtedbError);
    expect((failure as AtedbError).reason).toMatch(
      /^(OUTCOME_UNKNOWN|STORAGE_FAILED|CHAIN_READ_ONLY)$/,
    );
    const durable = await textsOf(server.address, chainKey);
    expect(durable.slice(0, 1 + stored.length)).toEqual(['a', ...stored]);
    // Other chains are told the same, and no half of one is left behind.
    await expect(append(server.address, 'team/other', 'x')).rejects.toMatchObject({
      reason: expect.stringMatching(/^(OUTCOME_UNKNOWN|STORAGE_FAILED|CONNECTION_FAILED)$/),
    });
    await rm(filler);
    await append(server.address, 'team/other', 'x');
    await append(server.address, chainKey, 'b');
    const texts = await textsOf(server.address, chainKey);
    expect(texts.slice(0, 1 + stored.length)).toEqual(['a', ...stored]);
    expect(texts.at(-1)).toBe('b');
    // At most the one append whose outcome was unknown is there beside.
    expect(texts.length - stored.length).toBeLessThanOrEqual(3);
    expect(await textsOf(server.address, 'team/other')).toEqual(['x']);
    await server.kill();
  });

  async function fill(folder: string): Promise<void> {
    const path = join(folder, 'filler');
    for (const bytes of [1_000_000, 4_096]) {
      for (;;) {
        const failed = await writeFile(path, Buffer.alloc(bytes, 1), { flag: 'a' }).then(
          () => false,
          () => true,
        );
        if (failed) break;
      }
    }
  }
});

describe('symbolic links', () => {
  test('the logs path may be one', async () => {
    const target = await temporaryFolder();
    const logsPath = join(await temporaryFolder(), 'link');
    await symlink(target, logsPath);
    await using server = await TestServer.start({ logsPath });
    await append(server.address, chainKey, 'a');
    await server.restart();
    expect(await textsOf(server.address, chainKey)).toEqual(['a']);
    expect(await readdir(target)).toContain('team');
  });

  test.each([
    ['team/linked', 'team/linked.chain'],
    ['team/linked', 'team'],
    ['example.com/me/linked', 'example.com/me'],
  ])('below it they are not followed: the chain %s by way of %s', async (key, path) => {
    await using server = await TestServer.start();
    await append(server.address, key, 'a');
    const elsewhere = join(await temporaryFolder(), 'elsewhere');
    const link = join(server.logsPath, path);
    await server.restart(async () => {
      await rename(link, elsewhere);
      await symlink(elsewhere, link);
    });
    const refusal = { reason: 'STORAGE_FAILED', message: expect.stringContaining(path) };
    await expect(textsOf(server.address, key)).rejects.toMatchObject(refusal);
    await using client = await testClient(server.address);
    // Nor is anything made behind it, or in its place.
    const chain = await client.open(key, { key: testKey, forAppend: true }).catch((e) => e);
    expect(chain).toMatchObject(refusal);
    using raw = server.client();
    expect((await raw.listChains()).chains).toEqual([]);
    await server.restart(async () => {
      await rm(link);
      await rename(elsewhere, link);
    });
    expect(await textsOf(server.address, key)).toEqual(['a']);
  });

  test('one that leads nowhere is not taken for a chain that is not there', async () => {
    await using server = await TestServer.start();
    await append(server.address, 'team/there', 'a');
    await symlink(join(server.logsPath, 'nowhere'), join(server.logsPath, 'team', 'gone.chain'));
    await expect(append(server.address, 'team/gone', 'x')).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
    });
    expect(await readdir(server.logsPath)).not.toContain('nowhere');
    expect(await textsOf(server.address, 'team/there')).toEqual(['a']);
  });
});

describe('names and places', () => {
  test('the longest chain keys have folders', async () => {
    const label = `${'a'.repeat(62)}.`;
    const domain = (bytes: number) => `${label.repeat(4).slice(0, bytes - 1)}b`;
    const name = 'n'.repeat(63);
    const db = 'd'.repeat(64);
    await using server = await TestServer.start({ segmentBytesMax });
    for (const key of [`${domain(126)}/${name}/${db}`, `${domain(251)}/n/d`, `${name}/${db}`]) {
      expect(key.length).toBeLessThanOrEqual(255);
      await append(server.address, key, 'a', 'b');
      await server.restart();
      expect(await textsOf(server.address, key)).toEqual(['a', 'b']);
    }
  });

  test('a logs path may be long, though not without end', async () => {
    const top = await temporaryFolder();
    const deep = (times: number) =>
      join(top, ...Array.from({ length: times }, () => 'deep'.repeat(20)));
    await expect(TestServer.start({ logsPath: deep(12) })).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringContaining('Choose a shorter one'),
    });
    const logsPath = deep(5);
    await using server = await TestServer.start({ logsPath });
    await append(server.address, chainKey, 'a');
    await server.restart();
    expect(await textsOf(server.address, chainKey)).toEqual(['a']);
  });

  test.skipIf(!hasMounts)(
    'the logs may lie on another file system than temporary files',
    async () => {
      const logsPath = smallFileSystem(50_000_000);
      expect((await stat(logsPath)).dev).not.toBe((await stat(tmpdir())).dev);
      const server = await killable(logsPath, segmentBytesMax);
      const texts = Array.from({ length: 50 }, (_, index) => `${index} `.repeat(500));
      await append(server.address, chainKey, ...texts);
      await server.kill();
      await server.start();
      expect(await textsOf(server.address, chainKey)).toEqual(texts);
      const segments = await readdir(join(logsPath, `${chainKey}.chain`));
      expect(segments.filter((file) => file.endsWith('.log')).length).toBeGreaterThan(1);
      await server.kill();
    },
  );
});
