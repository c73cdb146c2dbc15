import { AtedbError } from '../bytes/index.ts';
import {
  accountInfos,
  arePayable,
  hkdfExpand,
  KeyPair,
  passphraseKey,
  suiteMldsa65Ed25519,
} from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import type { PasswordCosts } from './secrets.ts';
import type { VaultName } from './vault.ts';

/** What follows from a password, or from a recovery code. */
export interface OpeningKeys extends Disposable {
  /** What shows that one has it: it signs logins, or recoveries and acts in them. */
  readonly signer: KeyPair;
  /** Of a vault: 32 bytes. */
  vaultKey(name: VaultName): Buffer;
}

/** The least that making keys of a password may cost: what OWASP asks of Argon2id. A server that asks for less could guess cheaply. */
export const passwordCostsMin = { memoryKib: 19_456, passes: 2 } as const;

const seedBytes = 64;
const keyBytes = 32;

/**
 * Make keys of a password, as the account has it: Argon2id, then HKDF for each. Takes as long as the costs say, in the thread pool.
 *
 * @throws AtedbError VERIFICATION_FAILED for costs that are below `passwordCostsMin`, or that nobody pays.
 */
export async function passwordKeys(
  password: string,
  account: Owner,
  costs: PasswordCosts,
): Promise<OpeningKeys> {
  const { memoryKib, passes } = costs;
  const isEnough = memoryKib >= passwordCostsMin.memoryKib && passes >= passwordCostsMin.passes;
  if (!isEnough || !arePayable(costs)) {
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the server wants the password to be hashed with ${memoryKib} KiB in ${passes} passes, and ${passwordCostsMin.memoryKib} KiB in ${passwordCostsMin.passes} passes are the least that is done: it is misconfigured, or wants to guess the password. Nothing was made of it`,
    );
  }
  const secret = await passphraseKey(password, costs.salt, costs);
  return openingKeys(secret, account, {
    seed: accountInfos.loginSeed,
    vault: accountInfos.loginVault,
  });
}

/**
 * Make keys of what a recovery code stands for: it is random, so HKDF is enough.
 *
 * @param secret is wiped here.
 */
export function recoveryKeys(secret: Buffer, account: Owner): OpeningKeys {
  return openingKeys(secret, account, {
    seed: accountInfos.recoverySeed,
    vault: accountInfos.recoveryVault,
  });
}

function openingKeys(
  secret: Buffer,
  { text }: Owner,
  infos: { readonly seed: string; readonly vault: string },
): OpeningKeys {
  const expand = (parts: readonly string[], length: number) =>
    hkdfExpand(secret, Buffer.from(parts.join('\0')), length);
  const seed = expand([infos.seed, text], seedBytes);
  const vaultKeys = new Map<VaultName, Buffer>();
  for (const name of ['key', 'sudo', 'recovery'] as const) {
    vaultKeys.set(name, expand([infos.vault, name, text], keyBytes));
  }
  secret.fill(0);
  const signer = KeyPair.fromSeed(suiteMldsa65Ed25519, seed);
  seed.fill(0);
  return {
    signer,
    vaultKey: (name) => vaultKeys.get(name) as Buffer,
    [Symbol.dispose]: () => {
      for (const key of vaultKeys.values()) key.fill(0);
    },
  };
}
