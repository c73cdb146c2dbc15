import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { isRetired } from '../trust/index.ts';
import { loadCheckpointKeys } from './checkpoint-keys.ts';
import { identityPaths, loadIdentity, readIdentity, type StoredIdentity } from './identity.ts';
import { type RotationStep, rotateIdentity } from './rotate-identity.ts';

const logger = pino({ level: 'silent' });
const now = () => 1_700_000_000_000;
let system: string;
let paths: ReturnType<typeof identityPaths>;
let before: StoredIdentity;

beforeEach(async () => {
  system = await mkdtemp(join(tmpdir(), 'atedb-identity-'));
  onTestFinished(() => rm(system, { recursive: true, force: true }));
  paths = identityPaths(system);
  before = await loadIdentity(system, logger);
  await loadCheckpointKeys(system, { identity: before.keyPair, line: before.line }, logger);
});

test('a rotation makes another key, which the one before vouches for, and its secret is gone', async () => {
  const oldFile = await readFile(paths.key);
  const line = await rotateIdentity(system, { now, logger });
  const after = await loadIdentity(system, logger);
  expect(after.keyPair.publicKey.fingerprintHex).toBe(line.identity.fingerprintHex);
  expect(isRetired(after.line, before.keyPair.publicKey)).toBe(true);
  expect((await stat(paths.key)).mode & 0o777).toBe(0o600);
  expect(await readFile(paths.key)).not.toEqual(oldFile);
  await expect(stat(paths.nextKey)).rejects.toMatchObject({ code: 'ENOENT' });
  // The keys that the old identity vouched for go with it.
  await expect(stat(paths.checkpointKeys)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('rotations follow each other', async () => {
  for (let times = 0; times < 3; times += 1) await rotateIdentity(system, { now, logger });
  const { line } = await loadIdentity(system, logger);
  expect(line.rotations).toHaveLength(3);
  expect(line.fingerprints[0]).toBe(before.keyPair.publicKey.fingerprintHex);
});

const isDone: Record<RotationStep, boolean> = {
  'key-made': false,
  'checkpoint-keys-removed': false,
  'rotation-written': true,
  done: true,
};

test.each(Object.entries(isDone) as [RotationStep, boolean][])(
  'one that is interrupted after "%s" leaves a whole identity, and the next one works',
  async (step, done) => {
    const crash = new Error('the power is gone');
    const rotating = rotateIdentity(system, {
      now,
      logger,
      onStep: (reached) => {
        if (reached === step) throw crash;
      },
    });
    await expect(rotating).rejects.toBe(crash);
    // Whoever only looks sees what a start will find.
    const seen = await readIdentity(paths);
    const after = await loadIdentity(system, logger);
    expect(seen?.line).toEqual(after.line);
    const { publicKey } = before.keyPair;
    expect(after.keyPair.publicKey.fingerprint.equals(publicKey.fingerprint)).toBe(!done);
    expect(isRetired(after.line, publicKey)).toBe(done);
    await expect(stat(paths.nextKey)).rejects.toMatchObject({ code: 'ENOENT' });
    const { line } = await rotateAndLoad();
    expect(line.rotations).toHaveLength(done ? 2 : 1);
  },
);

async function rotateAndLoad(): Promise<StoredIdentity> {
  await rotateIdentity(system, { now, logger });
  return loadIdentity(system, logger);
}

test('a key of before, put back beside the rotations, is refused, and nothing is replaced', async () => {
  await cp(paths.key, join(system, 'backup.key'));
  await rotateIdentity(system, { now, logger });
  await cp(join(system, 'backup.key'), paths.key);
  await expect(loadIdentity(system, logger)).rejects.toThrow(/Restore both files from one backup/);
  await rm(paths.key);
  await expect(loadIdentity(system, logger)).rejects.toThrow(/holds no key/);
});

test('rotations that are lost or damaged stop the start, where they can be told', async () => {
  await rotateIdentity(system, { now, logger });
  const text = await readFile(paths.rotations, 'utf8');
  const [whole] = (JSON.parse(text) as { rotations: string[] }).rotations;
  for (const damaged of [
    'x',
    '[]',
    '{"format":"atedb-identity-rotations-1"}',
    text.replace(String(whole), String(whole).replace('A', 'B')),
    text.replace(String(whole), `${whole}=`),
  ]) {
    await writeFile(paths.rotations, damaged);
    await expect(loadIdentity(system, logger), damaged.slice(0, 40)).rejects.toThrow();
  }
  await writeFile(paths.rotations, '{"format":"atedb-identity-rotations-2"}');
  await expect(loadIdentity(system, logger)).rejects.toMatchObject({ reason: 'UNSUPPORTED' });
});
