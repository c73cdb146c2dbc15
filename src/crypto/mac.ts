import { timingSafeEqual } from 'node:crypto';
import { provider } from './current-provider.ts';

/** HMAC-SHA-256 (RFC 2104). 32 bytes. */
export function hmacSha256(key: Buffer, bytes: Buffer): Buffer {
  return provider().hmacSha256(key, bytes);
}

/** Whether two secrets are the same, in a time that says nothing of where they differ. Their lengths are no secret. */
export function equalSecrets(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
