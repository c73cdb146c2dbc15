import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import { type KeyPair, NoteKeyPair } from '../crypto/index.ts';
import { readCheckpointKeyFile, writeCheckpointKeyFile } from '../store/index.ts';
import { type CertifiedKeys, certifyCheckpointKeys, type IdentityLine } from '../trust/index.ts';
import { identityPaths } from './identity.ts';

/**
 * Load the keys that the server signs checkpoints with, or make them at the first start; its identity vouches for them.
 *
 * @param system the folder `_sys` of the logs path.
 * @throws AtedbError as `readCheckpointKeyFile` and `writeCheckpointKeyFile`: a file that is there and can't be read is never
 * replaced.
 */
export async function loadCheckpointKeys(
  system: string,
  { identity, line }: { readonly identity: KeyPair; readonly line: IdentityLine },
  logger: Logger,
): Promise<{ keys: NoteKeyPair; signer: CertifiedKeys }> {
  const path = identityPaths(system).checkpointKeys;
  const keys = (await existing(path)) ?? (await made(path, logger));
  return { keys, signer: await certifyCheckpointKeys(keys.publicKeys, identity, line) };
}

async function existing(path: string): Promise<NoteKeyPair | undefined> {
  try {
    return await readCheckpointKeyFile(path);
  } catch (error) {
    if (error instanceof AtedbError && error.metadata.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function made(path: string, logger: Logger): Promise<NoteKeyPair> {
  const keys = NoteKeyPair.generate();
  await writeCheckpointKeyFile(path, keys);
  logger.info({ path }, 'made the keys that checkpoints are signed with');
  return keys;
}
