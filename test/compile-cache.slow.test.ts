import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'atedb-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));

const version = (caches: string, home = folder) =>
  runCommand('atedb', ['--version'], {
    folder,
    environment: { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: caches, HOME: home },
  });

test('what Node compiles is kept for the next start', async () => {
  const caches = join(folder, 'caches');
  expect(await version(caches)).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(join(caches, 'atedb'))).not.toEqual([]);
});

test('it is kept in the home folder, where nothing else is said', async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  expect(await version('', home)).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(join(home, '.cache', 'atedb'))).not.toEqual([]);
});

test('where it cannot be kept, commands work all the same', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const caches of [file, '/proc/self']) {
    expect(await version(caches)).toMatchObject({ code: 0, stderr: '' });
  }
  expect(await version('', '')).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(folder)).not.toContain('.cache');
});
