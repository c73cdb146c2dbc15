import { checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import { aadTags, type KeyPair, openOnce, sealOnce } from '../crypto/index.ts';
import { magics, type Owner } from '../event/index.ts';
import { vaultKeysForm } from './forms.ts';
import { encodeSeeds, readSeeds } from './key-seeds.ts';

/** Which vault of an account: what is sealed for one doesn't open as another. */
export type VaultName = 'key' | 'sudo' | 'recovery';

/**
 * Seal keys in a vault of an account.
 *
 * @param vaultKey 32 bytes that seal nothing else, ever.
 */
export function sealVault(
  vaultKey: Buffer,
  account: Owner,
  name: VaultName,
  keys: readonly KeyPair[],
): Buffer {
  const plaintext = encodeKeys(keys);
  try {
    return sealOnce(vaultKey, aadOf(account, name), plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Open a vault.
 *
 * @returns its keys, in the order in which they were sealed; undefined where it was sealed with another key, for another account or as another
 * vault, or was changed.
 * @throws AtedbError NON_CANONICAL, UNSUPPORTED for what was sealed and is no key.
 */
export function openVault(
  vaultKey: Buffer,
  account: Owner,
  name: VaultName,
  sealed: Buffer,
): KeyPair[] | undefined {
  const plaintext = openOnce(vaultKey, aadOf(account, name), sealed);
  if (plaintext === undefined) return undefined;
  try {
    return decodeKeys(plaintext);
  } finally {
    plaintext.fill(0);
  }
}

function aadOf({ text }: Owner, name: VaultName): Buffer {
  return Buffer.from([aadTags.vault, name, text].join('\0'));
}

/** The VaultKeys message, which is a secret; the caller wipes it. */
function encodeKeys(keys: readonly KeyPair[]): Buffer {
  // Of one piece and large enough, so that no copy of what is in it is left behind.
  const message = new FieldWriter(1_024).fixed32(1, magics.vaultKeys);
  for (const key of keys) {
    const seeds = encodeSeeds(key);
    message.message(2, seeds);
    seeds.fill(0);
  }
  return message.finish();
}

function decodeKeys(bytes: Buffer): KeyPair[] {
  checkStrict(vaultKeysForm, bytes);
  const cursor = new FieldCursor(bytes);
  const keys: KeyPair[] = [];
  while (cursor.next()) if (cursor.field === 2) keys.push(readSeeds(cursor.bytesValue()));
  return keys;
}
