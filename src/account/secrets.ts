import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import {
  arePayable,
  hashTags,
  type PassphraseCosts,
  type PublicKey,
  taggedHash,
} from '../crypto/index.ts';
import { magics, parsePublicKey, publicKeyBytes } from '../event/index.ts';
import { accountSecretsForm } from './forms.ts';
import { totpSecretBytes } from './limits.ts';

/** How a password is made into keys. */
export interface PasswordCosts extends PassphraseCosts {
  /** 16 bytes. */
  readonly salt: Buffer;
}

/** What the auth server must know of a user that has a password, and nobody else may. */
export interface AccountSecrets {
  readonly password: PasswordCosts;
  /** What a login is signed with. */
  readonly loginKey: PublicKey;
  /** The user's key, sealed under a key that follows from the password. */
  readonly keyVault: Buffer;
  /** The key of sudo, sealed under a key that follows from the password. */
  readonly sudoVault: Buffer;
  /** Both, sealed under a key that follows from the recovery code. */
  readonly recoveryVault: Buffer;
  /** Of the second factor; undefined where there is none. 16 to 64 bytes. */
  readonly totpSecret: Buffer | undefined;
}

/** The hash that an act has of an AccountSecrets message. 32 bytes. Its random salt keeps it from being guessed at. */
export function secretsHash(message: Buffer): Buffer {
  return taggedHash(hashTags.accountSecrets, message);
}

/** Serialise an AccountSecrets message, once. */
export function encodeSecrets(secrets: AccountSecrets): Buffer {
  const { salt, memoryKib, passes, lanes } = secrets.password;
  const password = new FieldWriter()
    .bytes(1, salt)
    .varint(2, memoryKib)
    .varint(3, passes)
    .varint(4, lanes)
    .finish();
  return new FieldWriter(4_096)
    .fixed32(1, magics.accountSecrets)
    .message(2, password)
    .message(3, publicKeyBytes(secrets.loginKey))
    .bytes(4, secrets.keyVault)
    .bytes(5, secrets.sudoVault)
    .bytes(6, secrets.recoveryVault)
    .bytes(7, secrets.totpSecret)
    .finish();
}

/**
 * Read an AccountSecrets message. The bytes are copied.
 *
 * @throws AtedbError NON_CANONICAL; ACT_INVALID for costs that nobody would pay, a secret that is too short, and a login key that
 * can be encrypted to; REQUEST_INVALID, UNSUPPORTED for its key.
 */
export function parseSecrets(message: Uint8Array): AccountSecrets {
  const bytes = Buffer.from(message);
  checkStrict(accountSecretsForm, bytes);
  const found = fieldsOf(bytes);
  const secrets: AccountSecrets = {
    password: parseCosts(found.get(2) as Buffer),
    loginKey: parsePublicKey(found.get(3) as Buffer),
    keyVault: found.get(4) as Buffer,
    sudoVault: found.get(5) as Buffer,
    recoveryVault: found.get(6) as Buffer,
    totpSecret: found.get(7),
  };
  if (!arePayable(secrets.password))
    throw invalid('the costs of the password are not ones that are paid');
  if (secrets.loginKey.kem !== undefined) throw invalid('the login key has a KEM part');
  const { totpSecret } = secrets;
  if (totpSecret !== undefined && totpSecret.length < totpSecretBytes.least) {
    throw invalid(
      `the secret of the second factor has ${totpSecret.length} bytes, and must have ${totpSecretBytes.least}`,
    );
  }
  return secrets;
}

function parseCosts(bytes: Buffer): PasswordCosts {
  const cursor = new FieldCursor(bytes);
  let salt = Buffer.alloc(0) as Buffer;
  const numbers = new Map<number, number>();
  while (cursor.next()) {
    if (cursor.field === 1) salt = cursor.bytesValue();
    else numbers.set(cursor.field, cursor.value);
  }
  const [memoryKib = 0, passes = 0, lanes = 0] = [2, 3, 4].map((field) => numbers.get(field));
  return { salt, memoryKib, passes, lanes };
}

/** Length-delimited fields by their numbers. */
function fieldsOf(bytes: Buffer): Map<number, Buffer> {
  const cursor = new FieldCursor(bytes);
  const fields = new Map<number, Buffer>();
  while (cursor.next()) if (cursor.field > 1) fields.set(cursor.field, cursor.bytesValue());
  return fields;
}

function invalid(why: string): AtedbError {
  return new AtedbError('ACT_INVALID', `the secrets of the account are not valid: ${why}`);
}
