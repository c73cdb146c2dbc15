import assert from 'node:assert/strict';
import { timingSafeEqual } from 'node:crypto';
import { provider } from './current-provider.ts';
import { hashTags } from './domains.ts';
import { hashBytes, prefixOf, taggedHash } from './hash.ts';

/** Size in bytes of a read key, and of the random bytes that each datum has. */
export const readKeyBytes = 32;

/** The key of one datum, and what shows that a read key is the right one. */
export interface DataKey {
  /** 32 bytes; seals once, with `sealOnce`. */
  readonly key: Buffer;
  /** 32 bytes, which may be known to all. */
  readonly commitment: Buffer;
}

const zeroNonce = Buffer.alloc(12);

/** The id of a read key: says which it is, and nothing of it. 32 bytes. */
export function readKeyIdOf(readKey: Buffer): Buffer {
  assert.equal(readKey.length, readKeyBytes, 'a read key is 32 bytes');
  return taggedHash(hashTags.readKey, readKey);
}

/**
 * The key of one datum: HKDF-SHA256 of the read key, with random bytes as salt, and as info the length of the tag in one
 * byte ‖ the tag ‖ the context.
 *
 * @param random 32 bytes that no other datum under this read key has: the nonce is zero, so that all depends on them.
 * @param context what the datum belongs to, in a form of fixed length.
 */
export function deriveDataKey(readKey: Buffer, random: Buffer, context: Buffer): DataKey {
  assert.equal(readKey.length, readKeyBytes, 'a read key is 32 bytes');
  assert.equal(random.length, readKeyBytes, 'a datum has 32 random bytes');
  const info = Buffer.concat([prefixOf(hashTags.dataKey), context]);
  const input = { keyMaterial: readKey, salt: random, info };
  const output = provider().hkdfSha256(input, 2 * hashBytes);
  return { key: output.subarray(0, hashBytes), commitment: output.subarray(hashBytes) };
}

/**
 * Whether a commitment is the one that is expected, without telling by the time that it takes where they differ. Checked
 * before anything is opened: AES-GCM by itself opens one ciphertext under two keys, if somebody has made it so.
 */
export function isCommitment(expected: Buffer, commitment: Buffer): boolean {
  return expected.length === commitment.length && timingSafeEqual(expected, commitment);
}

/**
 * Seal with a key that seals nothing else, ever: AES-256-GCM with the nonce zero.
 *
 * @returns the ciphertext, then the tag: 16 bytes more than the plaintext.
 */
export function sealOnce(key: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  return provider().aesGcmSeal({ key, nonce: zeroNonce, aad }, plaintext);
}

/** Open what `sealOnce` has made; undefined where it was made with another key or AAD, or was changed. */
export function openOnce(key: Buffer, aad: Buffer, sealed: Buffer): Buffer | undefined {
  return provider().aesGcmOpen({ key, nonce: zeroNonce, aad }, sealed);
}

/** By how many bytes `sealOnce` makes a plaintext longer. */
export const sealOnceBytes = 16;
