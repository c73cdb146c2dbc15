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

const noParent = Buffer.alloc(primaryKeyBytes);

/**
 * The primary key of a child: the first 16 bytes of the tagged hash of its parent and a label. Nobody can make the key of an
 * object that is elsewhere so, and so nobody takes one over by naming another parent.
 *
 * @param parent 16 bytes; undefined: the root of the chain.
 * @param label 16 bytes: random, or what stands for a name, `primaryKeyFromName`.
 */
export function childPrimaryKey(parent: Buffer | undefined, label: Buffer): Buffer {
  return taggedHash(hashTags.child, parent ?? noParent, label).subarray(0, primaryKeyBytes);
}
