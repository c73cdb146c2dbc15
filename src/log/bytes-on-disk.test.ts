import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  appendAll,
  createLog,
  makeBatch,
  temporaryFolder,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { bytesOnDisk } from './bytes-on-disk.ts';
import { RealStorage } from './real-storage.ts';

test('what counts are the segments that the manifest names; where it can not be read, all that are there', async () => {
  const owner = testOwner(temporaryFolder(), { segmentBytesMax: 2_000 });
  const { folder } = owner.options;
  const storage = new RealStorage();
  const log = await createLog(owner);
  await appendAll(
    log,
    Array.from({ length: 9 }, (_, place) => makeBatch([300, 300], 1_000 + place)),
  );
  await log.close();
  const segments = readdirSync(folder).filter((name) => /^segment-\d+\.log$/.test(name));
  expect(segments.length).toBeGreaterThan(2);
  const sizes = segments.map((name) => statSync(join(folder, name)).size);
  const due = sizes.reduce((sum, bytes) => sum + bytes, 0);
  expect(await bytesOnDisk(storage, folder)).toBe(due);
  // One that a rewriting has left counts for nothing.
  const left = join(folder, 'segment-00000000.7.log');
  writeFileSync(left, Buffer.alloc(500));
  expect(await bytesOnDisk(storage, folder)).toBe(due);
  const manifest = join(folder, 'manifest');
  const bytes = readFileSync(manifest);
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
  writeFileSync(manifest, bytes);
  expect(await bytesOnDisk(storage, folder)).toBe(due + 500);
  rmSync(manifest);
  rmSync(left);
  expect(await bytesOnDisk(storage, folder)).toBe(due);
  expect(await bytesOnDisk(storage, join(folder, 'none'))).toBe(0);
});
