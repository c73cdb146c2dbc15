import { hashTags, taggedHash } from '../crypto/index.ts';

/** Size of a primary key in bytes. */
export const primaryKeyBytes = 16;

/**
 * The primary key that stands for a name: the first 16 bytes of its tagged hash, so that programs that agree on
 * names agree on keys.
 */
export function primaryKeyFromName(name: string): Buffer {
  return taggedHash(hashTags.name, Buffer.from(name, 'utf8')).subarray(0, primaryKeyBytes);
}
