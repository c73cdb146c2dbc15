import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';

/** Size in bytes of every hash and id. */
export const hashBytes = 32;

/** Inputs up to this size are put together here for one native call; beyond it, copying costs more than calls. */
const scratch = Buffer.allocUnsafeSlow(4096);
const tagBytesMax = 255;

/** The SHA-256 of bytes. 32 bytes. */
export function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** The SHA-256 of parts, one after the other, without a copy of large ones. 32 bytes. */
export function sha256Of(first: Buffer, ...rest: readonly Buffer[]): Buffer {
  let length = first.length;
  for (const part of rest) length += part.length;
  if (length <= scratch.length) {
    scratch.set(first, 0);
    let at = first.length;
    for (const part of rest) {
      scratch.set(part, at);
      at += part.length;
    }
    return hash('sha256', scratch.subarray(0, length), 'buffer');
  }
  const digest = createHash('sha256').update(first);
  for (const part of rest) digest.update(part);
  return digest.digest();
}

const prefixes = new Map<string, Buffer>();

/**
 * The SHA-256 of length ‖ tag ‖ parts, where length is the tag's, in one byte. 32 bytes.
 *
 * Parts are not delimited: a tag's use must fix the lengths of all but the last.
 *
 * @param tag one of `hashTags`: ASCII, 1 to 255 bytes.
 */
export function taggedHash(tag: string, ...parts: readonly Buffer[]): Buffer {
  let prefix = prefixes.get(tag);
  if (prefix === undefined) {
    prefix = lengthPrefixed(tag);
    prefixes.set(tag, prefix);
  }
  return sha256Of(prefix, ...parts);
}

function lengthPrefixed(tag: string): Buffer {
  const bytes = Buffer.from(tag, 'utf8');
  assert(
    bytes.length > 0 && bytes.length <= tagBytesMax,
    `the tag ${tag} has an impossible length`,
  );
  assert(bytes.length === tag.length, `the tag ${tag} is not ASCII`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
