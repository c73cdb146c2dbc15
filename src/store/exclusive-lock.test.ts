import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireExclusiveLock, lockPathBytesMax } from './exclusive-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

/** A process that takes the lock, says what it got, and lives until it is killed. */
async function otherProcess(): Promise<{ child: ChildProcess; got: string }> {
  const module = new URL('./exclusive-lock.ts', import.meta.url).href;
  const code = `
    import { acquireExclusiveLock, lockPathBytesMax } from ${JSON.stringify(module)};
    await acquireExclusiveLock(${JSON.stringify(path)}).then((lock) => console.log(lock ? 'held' : 'refused'));
    globalThis.gc();
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const [got] = await once(child.stdout, 'data');
  expect(complaints).toBe('');
  return { child, got: String(got).trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('one holder at a time within a process', async () => {
  const first = await acquireExclusiveLock(path);
  expect(first).not.toBeNull();
  expect(await acquireExclusiveLock(path)).toBeNull();
  await first?.release();
  await first?.release();
  await using second = await acquireExclusiveLock(path);
  expect(second).not.toBeNull();
});

test('one holder at a time among processes; a killed one holds nothing', async () => {
  const other = await otherProcess();
  try {
    expect(other.got).toBe('held');
    // The other process has dropped its reference and collected garbage, and still holds the lock.
    expect(await acquireExclusiveLock(path)).toBeNull();
  } finally {
    await kill(other.child);
  }
  await using mine = await acquireExclusiveLock(path);
  expect(mine).not.toBeNull();
  const refused = await otherProcess();
  await kill(refused.child);
  expect(refused.got).toBe('refused');
});

test('a file that is something else, and a folder that is missing, are errors with the path', async () => {
  await writeFile(
    path,
    'this is not a lock file, as it has content that is not a database. '.repeat(20),
  );
  for (const bad of [path, join(folder, 'missing', 'lock')]) {
    await expect(acquireExclusiveLock(bad)).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringContaining(bad),
    });
  }
});

test('a path of 504 bytes can be locked, and no longer one', async () => {
  let place = folder;
  while (place.length < 400) place = join(place, 'deep'.repeat(20));
  await mkdir(place, { recursive: true });
  const longest = join(place, 'x'.repeat(lockPathBytesMax - place.length - 1));
  await using lock = await acquireExclusiveLock(longest);
  expect(lock).not.toBeNull();
  await expect(acquireExclusiveLock(`${longest}x`)).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    message: expect.stringContaining('505 bytes, and may have 504'),
  });
});

test.skipIf(process.getuid?.() === 0)('a file that may not be written is no lock', async () => {
  await writeFile(path, '', { mode: 0o400 });
  await expect(acquireExclusiveLock(path)).rejects.toMatchObject({
    reason: 'STORAGE_FAILED',
    message: expect.stringContaining('permission denied'),
  });
});
