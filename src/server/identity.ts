import type { Logger } from 'pino';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { readKeyFile, writeKeyFile } from '../store/index.ts';

/**
 * Load the server's identity key, or make it at the first start.
 * @throws AtedbError as `readKeyFile` and `writeKeyFile`: a key file that is there and can't be read is never
 *   replaced, since clients pin the identity.
 */
export async function loadIdentity(path: string, logger: Logger): Promise<KeyPair> {
  try {
    return (await readKeyFile(path)).keyPair;
  } catch (error) {
    if (!(error instanceof AtedbError && error.metadata.code === 'ENOENT')) throw error;
  }
  // It signs, and nobody encrypts anything to it.
  const keyPair = KeyPair.generate({ forSigningOnly: true });
  await writeKeyFile(path, { keyPair, created: new Date() });
  logger.info(
    { path, fingerprint: keyPair.publicKey.fingerprintHex },
    'made the server identity key',
  );
  return keyPair;
}
