import { randomFillSync } from 'node:crypto';
import {
  encodeSecrets,
  makeRecoveryCode,
  type OpeningKeys,
  parseRecoveryCode,
  passwordKeys,
  recoveryKeys,
  sealVault,
  secretsHash,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { type KeyPair, type PassphraseCosts, passphraseSaltBytes } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';

/** What is made for an account that gets a password, and a recovery code. */
export interface MadeSecrets {
  /** The AccountSecrets message. */
  readonly message: Buffer;
  /** `secretsHash` of it. */
  readonly hash: Buffer;
}

/** A recovery code, and the vault that it opens. */
export interface MadeRecovery {
  /** To be shown once. A secret. */
  readonly code: string;
  /** The key that follows from it. */
  readonly key: KeyPair;
  readonly vault: Buffer;
}

const totpSecretBytes = 20;
const passwordCharactersMin = 8;

/** Refuse a password that is guessed in no time. What makes a good one is longer than any rule here. @throws AtedbError REQUEST_INVALID. */
export function checkPassword(password: string): void {
  if ([...password].length >= passwordCharactersMin) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `the password has less than ${passwordCharactersMin} characters. Whoever has the auth server's disk could try all of these: choose a longer one, as four words that have nothing to do with each other`,
    { metadata: { field: 'password' } },
  );
}

/** A new secret for a second factor: 160 bits, as RFC 4226 recommends. */
export function makeTotpSecret(): Buffer {
  return randomFillSync(Buffer.alloc(totpSecretBytes));
}

/**
 * Make a recovery code for an account, and seal its keys so that the code opens them.
 *
 * @param keys the user's key, that of sudo, and those that the user had before.
 */
export function makeRecovery(account: Owner, keys: readonly KeyPair[]): MadeRecovery {
  const code = makeRecoveryCode();
  using opening = recoveryKeys(parseRecoveryCode(code), account);
  const vault = sealVault(opening.vaultKey('recovery'), account, 'recovery', keys);
  return { code, key: opening.signer, vault };
}

/** Seal the keys of an account with a password, with fresh salt: what a password was made into before seals nothing again. */
export async function makeSecrets(
  account: Owner,
  made: {
    readonly password: string;
    readonly key: KeyPair;
    /** Keys that the user had before, the newest first. */
    readonly formerKeys: readonly KeyPair[];
    readonly sudoKey: KeyPair;
    readonly recoveryVault: Buffer;
    readonly totpSecret: Buffer | undefined;
    readonly costs: PassphraseCosts;
  },
): Promise<MadeSecrets> {
  const salt = randomFillSync(Buffer.alloc(passphraseSaltBytes));
  const costs = { ...made.costs, salt };
  using opening: OpeningKeys = await passwordKeys(made.password, account, costs);
  const message = encodeSecrets({
    password: costs,
    loginKey: opening.signer.publicKey,
    keyVault: sealVault(opening.vaultKey('key'), account, 'key', [made.key, ...made.formerKeys]),
    sudoVault: sealVault(opening.vaultKey('sudo'), account, 'sudo', [made.sudoKey]),
    recoveryVault: made.recoveryVault,
    totpSecret: made.totpSecret,
  });
  return { message, hash: secretsHash(message) };
}
