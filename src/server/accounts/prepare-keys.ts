import type { Logger } from 'pino';
import { authSecretPath } from '../../auth/index.ts';
import type { PublicKey } from '../../crypto/index.ts';
import { makeAuthSecretFile, makeFolderDurable, readAuthSecretFile } from '../../store/index.ts';
import { loadIdentity } from '../identity.ts';

/**
 * Make the keys of a server that has accounts, where they aren't there, so that others can be told its identity before its first start. The logs
 * path must be locked where there was a server.
 *
 * @param system the folder `_sys` of the logs path; made if it isn't there.
 * @returns the identity.
 * @throws AtedbError as `loadIdentity`, `readAuthSecretFile`, `makeAuthSecretFile`.
 */
export async function prepareServerKeys(system: string, logger: Logger): Promise<PublicKey> {
  await makeFolderDurable(system, 0o700);
  const { keyPair } = await loadIdentity(system, logger);
  const path = authSecretPath(system);
  const secret = (await readAuthSecretFile(path)) ?? (await makeAuthSecretFile(path));
  secret.fill(0);
  return keyPair.publicKey;
}
