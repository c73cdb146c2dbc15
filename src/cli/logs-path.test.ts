import { mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageError } from './errors.ts';
import { expandHome, prepareLogsPath } from './logs-path.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'atedb-logs-')));
});
afterEach(() => rm(folder, { recursive: true }));

function given(value: string) {
  return { value, text: value, source: '<logs-path>' };
}

test('~ is the home folder, at the start alone', () => {
  expect(expandHome('~')).toBe(homedir());
  expect(expandHome('~/ate')).toBe(join(homedir(), 'ate'));
  expect(expandHome('./~/ate')).toBe('./~/ate');
  expect(expandHome('~other/ate')).toBe('~other/ate');
});

test('a named folder is made, for its owner alone', async () => {
  const path = join(folder, 'a', 'b');
  expect(await prepareLogsPath(given(relative(process.cwd(), path)))).toEqual({ path });
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('a symbolic link is followed, and the folder told by its one name', async () => {
  await prepareLogsPath(given(join(folder, 'real')));
  await symlink('real', join(folder, 'link'));
  const { path } = await prepareLogsPath(given(join(folder, 'link')));
  expect(path).toBe(join(folder, 'real'));
});

test('what cannot be a folder is refused, naming flag and path', async () => {
  await writeFile(join(folder, 'file'), '');
  await symlink('nowhere', join(folder, 'link'));
  for (const name of ['file', 'link', 'file/below']) {
    const refusal = prepareLogsPath(given(join(folder, name)));
    await expect(refusal).rejects.toThrow(UsageError);
    await expect(refusal).rejects.toThrow(
      `<logs-path>: cannot make the folder ${join(folder, name)}`,
    );
  }
});

test('where the default cannot be written, another takes its place, and that is said', async () => {
  await writeFile(join(folder, 'file'), '');
  const usual = join(folder, 'file', 'ate');
  const fallback = join(folder, 'ate');
  const found = await prepareLogsPath(undefined, [usual, fallback]);
  expect(found.path).toBe(fallback);
  expect(found.instead).toContain(usual);
  expect(await prepareLogsPath(undefined, [join(folder, 'opt'), fallback])).toEqual({
    path: join(folder, 'opt'),
  });
});
