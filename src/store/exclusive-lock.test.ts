import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../test/command.ts';
import { machineHas } from '../../test/support/machine-has.ts';
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

const isRoot = process.getuid?.() === 0;
const canBeRefused =
  !isRoot ||
  machineHas({
    isThere: spawnSync('setpriv', ['--version']).status === 0,
    what: 'setpriv, by which root tries what others may do',
    remedy: 'install it (on Debian, the package util-linux)',
  });

test.skipIf(!canBeRefused)('a file that may not be written is no lock', async () => {
  await writeFile(path, '', { mode: 0o400 });
  const module = new URL('./exclusive-lock.ts', import.meta.url).href;
  const code = `
    import { acquireExclusiveLock } from ${JSON.stringify(module)};
    await acquireExclusiveLock(${JSON.stringify(path)}).then(
      () => console.log('held'),
      ({ reason, message }) => console.log(reason, message),
    );`;
  const node = [process.execPath, '--input-type=module', '-e', code];
  // Root without the right to pass over the modes of files.
  const asOthers = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];
  const [command = '', ...args]: string[] = [...(isRoot ? asOthers : []), ...node];
  const { stdout, stderr } = await run(command, args);
  expect(stdout, stderr).toMatch(/^STORAGE_FAILED .*permission denied/);
});
