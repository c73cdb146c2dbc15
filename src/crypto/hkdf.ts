import assert from 'node:assert/strict';
import { provider } from './current-provider.ts';
import { hashBytes } from './hash.ts';

// HKDF with SHA-256, RFC 5869.

/** The first step: a key of 32 bytes from what may be unevenly random. */
export function hkdfExtract(salt: Buffer, keyMaterial: Buffer): Buffer {
  return provider().hmacSha256(salt, keyMaterial);
}

/** The second step: so many bytes, at most 8,160, for one use that `info` names. */
export function hkdfExpand(key: Buffer, info: Buffer, length: number): Buffer {
  assert(length <= 255 * hashBytes, `HKDF makes at most ${255 * hashBytes} bytes, not ${length}`);
  // Not from the pool, since it is a secret.
  const output = Buffer.alloc(length);
  let block = Buffer.alloc(0) as Buffer;
  for (let at = 0; at < length; at += hashBytes) {
    block = provider().hmacSha256(key, Buffer.concat([block, info, Buffer.of(at / hashBytes + 1)]));
    block.copy(output, at);
  }
  block.fill(0);
  return output;
}
