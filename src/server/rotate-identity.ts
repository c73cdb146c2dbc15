import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import { KeyPair } from '../crypto/index.ts';
import { syncFolder, writeKeyFile, writeRotationsFile } from '../store/index.ts';
import { extendIdentityLine, type IdentityLine } from '../trust/index.ts';
import { identityPaths, loadIdentity, takeNextKey } from './identity.ts';

/** What a rotation has done, each durable when it is told. */
export type RotationStep = 'key-made' | 'checkpoint-keys-removed' | 'rotation-written' | 'done';

/**
 * Give a server another identity key, which the one before vouches for. Interrupted at any point, it leaves the old identity or the
 * new one, whole: it is done from the moment on at which the rotation is written, and what is left then the next start does.
 *
 * The keys that sign checkpoints are removed with it, so that the next start makes new ones: whoever has taken the one from this
 * machine may have the others.
 *
 * @param system the folder `_sys` of the logs path, which must be locked.
 * @param options.now milliseconds since 1970-01-01 UTC.
 * @param options.onStep called after each step; one that throws interrupts the rotation there.
 * @returns the line with the new identity.
 * @throws AtedbError as `loadIdentity` and `extendIdentityLine`; STORAGE_FAILED.
 */
export async function rotateIdentity(
  system: string,
  options: {
    readonly now: () => number;
    readonly logger: Logger;
    readonly onStep?: ((step: RotationStep) => void) | undefined;
  },
): Promise<IdentityLine> {
  const { now, logger, onStep = () => undefined } = options;
  const paths = identityPaths(system);
  const old = await loadIdentity(system, logger);
  const next = KeyPair.generate({ forSigningOnly: true });
  const timeUnixMs = now();
  const line = await extendIdentityLine(old.line, { old: old.keyPair, new: next }, timeUnixMs);
  await writeKeyFile(paths.nextKey, { keyPair: next, created: new Date(timeUnixMs) });
  onStep('key-made');
  await rm(paths.checkpointKeys, { force: true });
  await syncFolder(system);
  onStep('checkpoint-keys-removed');
  await writeRotationsFile(paths.rotations, line.rotations);
  onStep('rotation-written');
  await takeNextKey(paths, system);
  onStep('done');
  return line;
}
