import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';

/** What the text of a public key begins with. */
export const publicKeyMark = 'atedb-public-key-1';

/**
 * A public key as a line of text, without its end, for one person to hand to another: the mark, the fingerprint in hexadecimal,
 * the PublicKey message in base64. The fingerprint is there to be compared by people.
 */
export function publicKeyText(key: PublicKey): string {
  return `${publicKeyMark} ${key.fingerprintHex} ${publicKeyBytes(key).toString('base64')}`;
}

/**
 * Parse the text of a public key; space around it doesn't matter.
 *
 * @param where what to call the text in errors.
 * @throws AtedbError REQUEST_INVALID, UNSUPPORTED.
 */
export function parsePublicKeyText(text: string, where: string): PublicKey {
  const [mark, fingerprint, base64 = '', ...others] = text.trim().split(/\s+/);
  if (mark !== publicKeyMark || base64 === '' || others.length > 0) {
    throw invalid(where, `it is not a line of "${publicKeyMark}", a fingerprint and a key`);
  }
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw invalid(where, 'its key is not in base64');
  const key = keyOf(bytes, where);
  if (!publicKeyBytes(key).equals(bytes)) throw invalid(where, 'its key is written in another way');
  if (key.fingerprintHex === fingerprint) return key;
  throw invalid(where, `its key has the fingerprint ${key.fingerprintHex}, and it says another`);
}

function keyOf(bytes: Buffer, where: string): PublicKey {
  try {
    return parsePublicKey(bytes);
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'UNSUPPORTED') {
      throw new AtedbError('UNSUPPORTED', `${where}: ${error.message}`, { cause: error });
    }
    throw invalid(where, 'its key is damaged, or no key', error);
  }
}

function invalid(where: string, why: string, cause?: unknown): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${where} is no public key that can be used: ${why}`, {
    cause,
  });
}
