import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolderDurable, writeFileAtomic } from './atomic-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atedb-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeFileAtomic', () => {
  test('writes and replaces, with the mode that was asked for, and leaves nothing else', async () => {
    const path = join(folder, 'f');
    await writeFileAtomic(path, 'one', { mode: 0o600 });
    await writeFileAtomic(path, Buffer.from('two'), { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['f']);
  });

  test('does not replace when told so, and leaves the old bytes', async () => {
    const path = join(folder, 'f');
    await writeFileAtomic(path, 'one', { replace: false });
    await expect(writeFileAtomic(path, 'two', { replace: false })).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      metadata: { code: 'EEXIST' },
    });
    expect(await readFile(path, 'utf8')).toBe('one');
    expect(await readdir(folder)).toEqual(['f']);
  });

  test('of many writers that may not replace, exactly one wins', async () => {
    const path = join(folder, 'f');
    const writers = Array.from({ length: 8 }, (_, n) =>
      writeFileAtomic(path, `${n}`, { replace: false }),
    );
    const outcomes = await Promise.allSettled(writers);
    const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled');
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect(await readFile(path, 'utf8')).toBe(`${winner}`);
    expect(await readdir(folder)).toEqual(['f']);
  });

  test('replaces a symbolic link and not what it leads to', async () => {
    await writeFile(join(folder, 'target'), 'kept');
    await symlink('target', join(folder, 'link'));
    await writeFileAtomic(join(folder, 'link'), 'new');
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('kept');
    expect(await readFile(join(folder, 'link'), 'utf8')).toBe('new');
  });

  test('says what it could not write', async () => {
    const path = join(folder, 'missing', 'f');
    await expect(writeFileAtomic(path, '')).rejects.toMatchObject({
      reason: 'STORAGE_FAILED',
      message: expect.stringContaining(path),
      metadata: { code: 'ENOENT' },
    });
  });
});

describe('makeFolderDurable', () => {
  test('makes what is missing, with the mode, and is content with what is there', async () => {
    await makeFolderDurable(join(folder, 'a', 'b'), 0o700);
    await makeFolderDurable(join(folder, 'a', 'b'), 0o755);
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'a', 'b'))).mode & 0o777).toBe(0o700);
  });

  test('may run beside itself', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolderDurable(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  test('follows symbolic links to folders', async () => {
    await makeFolderDurable(join(folder, 'real'));
    await symlink('real', join(folder, 'link'));
    await makeFolderDurable(join(folder, 'link', 'below'));
    expect((await stat(join(folder, 'real', 'below'))).isDirectory()).toBe(true);
  });

  test('refuses a file in the way, and a link that leads nowhere', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink('nowhere', join(folder, 'link'));
    await expect(makeFolderDurable(join(folder, 'file', 'below'))).rejects.toThrow(
      /ENOTDIR|not a folder/,
    );
    await expect(makeFolderDurable(join(folder, 'file'))).rejects.toThrow(
      /is a file, not a folder/,
    );
    await expect(makeFolderDurable(join(folder, 'link'))).rejects.toThrow(/leads nowhere/);
  });
});
