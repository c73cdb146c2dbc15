import { AtedbError, encodeBase32 } from '../bytes/index.ts';
import { hashTags, randomSecret, taggedHash } from '../crypto/index.ts';

// A recovery code: 128 random bits in base32 (RFC 4648), then two characters that show typing errors, in groups of four.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const secretBytes = 16;
const secretCharacters = 26;
const checkCharacters = 2;
const groupCharacters = 4;
/** What is easily read or typed for a character of the alphabet, which has none of these. */
const lookalikes: Readonly<Record<string, string>> = { 0: 'O', 1: 'I', 8: 'B' };

/** Make a new code. */
export function makeRecoveryCode(): string {
  const secret = randomSecret();
  const text = `${textOf(secret)}${checkOf(secret)}`;
  secret.fill(0);
  return (text.match(new RegExp(`.{${groupCharacters}}`, 'g')) ?? []).join('-');
}

/**
 * Read a code as it was typed: case, spaces and hyphens don't matter.
 *
 * @returns what it stands for: 16 bytes, a secret.
 * @throws AtedbError REQUEST_INVALID for what can't be one; it shows nothing of it.
 */
export function parseRecoveryCode(typed: string): Buffer {
  const text = typed
    .replace(/[\s-]/g, '')
    .toUpperCase()
    .replace(/[018]/g, (character) => lookalikes[character] ?? character);
  if (text.length !== secretCharacters + checkCharacters) {
    throw invalid(
      `it has ${text.length} characters, and must have ${secretCharacters + checkCharacters}`,
    );
  }
  const secret = decode(text.slice(0, secretCharacters));
  // What is left of the last character's bits is zero, or the code could be written in several ways.
  const isWhole = secret !== undefined && text === `${textOf(secret)}${checkOf(secret)}`;
  if (!isWhole) throw invalid('a character of it is another one');
  return secret;
}

function textOf(secret: Buffer): string {
  return encodeBase32(secret).toUpperCase();
}

function checkOf(secret: Buffer): string {
  return textOf(taggedHash(hashTags.recoveryCode, secret)).slice(0, checkCharacters);
}

function decode(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(secretBytes);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value === -1) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8 || at === secretBytes) continue;
    bits -= 8;
    bytes[at++] = (held >>> bits) & 0xff;
  }
  return bytes;
}

function invalid(why: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `the recovery code is not one: ${why}. It is the one that was shown when the account was created, or recovered last`,
    { metadata: { field: 'recovery_code' } },
  );
}
