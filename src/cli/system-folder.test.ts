import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemFolder } from './system-folder.ts';

async function foldersOf(...withServers: readonly string[]): Promise<(name: string) => string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'atedb-system-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of withServers) await mkdir(join(folder, name, '_sys'), { recursive: true });
  return (name) => join(folder, name);
}

test('of the usual folders it is the one that has a server', async () => {
  const at = await foldersOf('b');
  expect(await systemFolder(undefined, [at('a'), at('b')])).toBe(join(at('b'), '_sys'));
  expect(await systemFolder(at('b'), [at('a')])).toBe(join(at('b'), '_sys'));
});

test('of several nobody guesses', async () => {
  const at = await foldersOf('a', 'b');
  const refused = {
    reason: 'REQUEST_INVALID',
    message: expect.stringContaining('Name the folder'),
  };
  await expect(systemFolder(undefined, [at('a'), at('b')])).rejects.toMatchObject(refused);
  expect(await systemFolder(at('a'), [])).toBe(join(at('a'), '_sys'));
});

test('where there is none, it says where it looked', async () => {
  const at = await foldersOf();
  const refused = { message: expect.stringContaining(`${at('a')}, ${at('b')}: name the folder`) };
  await expect(systemFolder(undefined, [at('a'), at('b')])).rejects.toMatchObject(refused);
});
