import {
  type AccountSecrets,
  openVault,
  parseSecrets,
  secretsHash,
  sudoKeyOf,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import { readAccount, type VerifiedAccount } from './account-acts.ts';
import { type OpenedLogin, vaultFailed } from './account-login.ts';
import type { Sudo } from './account-types.ts';
import type { CallOptions } from './cancellation.ts';
import type { Transport } from './transport.ts';

/**
 * Open what the second factor opens, and check it against the account's acts: what is signed next continues those.
 *
 * @throws AtedbError LOGIN_FAILED where the second factor wasn't shown; VERIFICATION_FAILED where the server keeps other secrets than the acts
 * have the hash of; as `readAccount`.
 */
export async function openSudo(
  transport: Transport,
  account: Owner,
  { grant, key, formerKeys, opening }: OpenedLogin,
  options: CallOptions,
): Promise<{ readonly sudo: Sudo; readonly secrets: AccountSecrets }> {
  if (grant.secrets.length === 0) {
    throw new AtedbError(
      'LOGIN_FAILED',
      `the account ${account.text} has a second factor, and this needs a code of it`,
    );
  }
  const verified = await readAccount(transport, account, options);
  const secrets = checkedSecrets(verified, Buffer.from(grant.secrets));
  const vault = openVault(opening.vaultKey('sudo'), account, 'sudo', secrets.sudoVault);
  const [sudoKey] = vault ?? [];
  if (sudoKey === undefined || !areKeysOf(verified, key, sudoKey)) throw vaultFailed('sudo');
  const { hasSecondFactor, unverified } = grant;
  const facts = { account: verified, hasSecondFactor, isUnverified: unverified };
  return { sudo: { key, formerKeys, sudoKey, ...facts }, secrets };
}

/** The secrets of an account, if they are those that its acts have the hash of. @throws AtedbError VERIFICATION_FAILED. */
export function checkedSecrets({ state }: VerifiedAccount, message: Buffer): AccountSecrets {
  if (state.secretsHash?.equals(secretsHash(message)) !== true) throw vaultFailed('secrets');
  return parseSecrets(message);
}

/** Whether keys are those that an account's acts name. */
export function areKeysOf({ state }: VerifiedAccount, key: KeyPair, sudoKey: KeyPair): boolean {
  return (
    key.publicKey.fingerprint.equals(state.key.fingerprint) &&
    sudoKey.publicKey.fingerprint.equals(sudoKeyOf(state).fingerprint)
  );
}
