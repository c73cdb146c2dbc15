import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RealStorage } from '../log/index.ts';
import { dropSetAside } from './drop-set-aside.ts';

test('what was moved elsewhere stays there: a link in its place goes, and is not followed', async () => {
  const top = mkdtempSync(join(tmpdir(), 'atedb-drop-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  const folder = join(top, 'notes.chain');
  const elsewhere = join(top, 'elsewhere');
  for (const path of [folder, elsewhere, join(folder, 'set-aside-1')]) mkdirSync(path);
  for (const path of [elsewhere, join(folder, 'set-aside-1')]) {
    writeFileSync(join(path, 'segment-00000000.log'), 'kept');
  }
  symlinkSync(elsewhere, join(folder, 'set-aside-2'));
  symlinkSync(elsewhere, `${folder}~replaced-3`);
  symlinkSync(join(elsewhere, 'segment-00000000.log'), join(folder, 'segment-00000000.tail-9'));
  const { files } = await dropSetAside(new RealStorage(), folder, true);
  expect(files).toEqual([
    { name: 'segment-00000000.tail-9', bytes: 0 },
    { name: 'set-aside-1', bytes: 4 },
    { name: 'set-aside-2', bytes: 0 },
    { name: 'notes.chain~replaced-3', bytes: 0 },
  ]);
  for (const { name } of files) expect(existsSync(join(folder, name)), name).toBe(false);
  expect(existsSync(`${folder}~replaced-3`)).toBe(false);
  expect(existsSync(join(elsewhere, 'segment-00000000.log'))).toBe(true);
});
