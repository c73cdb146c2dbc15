import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseIdentityRotation } from '../event/index.ts';
import { readKeyFile, readRotationsFile, syncFolder, writeKeyFile } from '../store/index.ts';
import { type IdentityLine, verifyIdentityLine } from '../trust/index.ts';

/** The files of a server's identity, in the folder `_sys` of its logs path. */
export interface IdentityPaths {
  /** Of the key. */
  readonly key: string;
  /** Of the key that follows, while the identity is being rotated. */
  readonly nextKey: string;
  /** Of all rotations. Whose key they end with, that one is the identity, wherever a rotation was interrupted. */
  readonly rotations: string;
  /** Of the keys that the identity vouches for. */
  readonly checkpointKeys: string;
}

/** A server's identity as its files have it. */
export interface StoredIdentity {
  readonly keyPair: KeyPair;
  /** Verified. */
  readonly line: IdentityLine;
  /** When the key was made. */
  readonly created: Date;
  /** Where it lies: `nextKey`, where a rotation was interrupted. */
  readonly path: string;
}

/** Where a logs path has the identity of its server. @param system its folder `_sys`. */
export function identityPaths(system: string): IdentityPaths {
  return {
    key: join(system, 'identity.key'),
    nextKey: join(system, 'identity-next.key'),
    rotations: join(system, 'identity-rotations.json'),
    checkpointKeys: join(system, 'checkpoint.key'),
  };
}

/**
 * Load the server's identity, or make it at the first start; and end a rotation that was interrupted. The logs path must be locked.
 *
 * @throws AtedbError as `readIdentity` and `writeKeyFile`: a key file that is there and can't be read is never replaced, since clients
 * pin the identity.
 */
export async function loadIdentity(system: string, logger: Logger): Promise<StoredIdentity> {
  const paths = identityPaths(system);
  const found = await readIdentity(paths);
  if (found !== undefined) return settle(paths, found, system);
  // It signs, and nobody encrypts anything to it.
  const keyPair = KeyPair.generate({ forSigningOnly: true });
  const created = new Date();
  await writeKeyFile(paths.key, { keyPair, created });
  logger.info(
    { path: paths.key, fingerprint: keyPair.publicKey.fingerprintHex },
    'made the server identity key',
  );
  const line = await verifyIdentityLine(keyPair.publicKey, []);
  return { keyPair, line, created, path: paths.key };
}

/**
 * Read the identity of a server, which may be at work. Nothing is changed.
 *
 * @returns undefined where it has none yet.
 * @throws AtedbError as `readKeyFile`, `readRotationsFile` and `verifyIdentityLine`; REQUEST_INVALID where the key isn't the one that the
 * rotations lead to.
 */
export async function readIdentity(paths: IdentityPaths): Promise<StoredIdentity | undefined> {
  const rotations = await readRotationsFile(paths.rotations);
  const last = rotations.at(-1);
  const due = last && parseIdentityRotation(last).newIdentity.fingerprintHex;
  const key = await readIfThere(paths.key);
  if (key === undefined && due === undefined) return undefined;
  for (const path of [paths.key, paths.nextKey]) {
    const stored = path === paths.key ? key : await readIfThere(path);
    const { publicKey } = stored?.keyPair ?? {};
    if (stored === undefined || publicKey === undefined) continue;
    // Without rotations the key is the first one, whatever lies beside it.
    if (due === undefined && path === paths.nextKey) continue;
    if (due !== undefined && publicKey.fingerprintHex !== due) continue;
    return { ...stored, line: await verifyIdentityLine(publicKey, rotations), path };
  }
  throw new AtedbError(
    'REQUEST_INVALID',
    `the identity of the server is ${due}, as ${paths.rotations} says, and ${paths.key} holds ${key === undefined ? 'no key' : 'another key'}. Restore both files from one backup`,
    { metadata: { path: paths.key } },
  );
}

/** Leave no file of a rotation that was interrupted: it was done from the moment on at which its rotation was written. */
async function settle(
  paths: IdentityPaths,
  found: StoredIdentity,
  system: string,
): Promise<StoredIdentity> {
  if (found.path === paths.nextKey) await takeNextKey(paths, system);
  else await rm(paths.nextKey, { force: true });
  return { ...found, path: paths.key };
}

/** Put the key that follows in the place of the one that was followed, whose secret is gone with that. */
export async function takeNextKey(paths: IdentityPaths, system: string): Promise<void> {
  await rename(paths.nextKey, paths.key);
  await syncFolder(system);
}

async function readIfThere(path: string) {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if (error instanceof AtedbError && error.metadata.code === 'ENOENT') return undefined;
    throw error;
  }
}
