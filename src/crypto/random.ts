import { randomBytes } from 'node:crypto';

/** 16 random bytes that nobody else knows. */
export function randomSecret(): Buffer {
  return randomBytes(16);
}
