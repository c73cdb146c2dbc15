import assert from 'node:assert/strict';
import { provider } from './current-provider.ts';

/** Size in bytes of every hash and id. */
export const hashBytes = 32;

/** Inputs up to this size are put together here for one native call; beyond it, copying costs more than calls. */
const scratch = Buffer.allocUnsafeSlow(4096);
const tagBytesMax = 255;

/** The SHA-256 of bytes. 32 bytes. */
export function sha256(bytes: Buffer): Buffer {
  return provider().sha256(bytes);
}

/** The SHA-256 of parts, one after the other, without a copy of large ones. 32 bytes. */
export function sha256Of(...parts: readonly Buffer[]): Buffer {
  const input = gathered(parts);
  return input === undefined ? provider().sha256OfParts(parts) : provider().sha256(input);
}

/**
 * As `sha256Of`, as text with one character a byte: what is only compared or copied costs a third of what a Buffer of
 * its own does, and batches are full of such hashes.
 */
export function sha256TextOf(...parts: readonly Buffer[]): string {
  const input = gathered(parts);
  return input === undefined
    ? provider().sha256OfParts(parts).toString('latin1')
    : provider().sha256Text(input);
}

/** Two ranges of a buffer. */
export interface TwoRanges {
  readonly start: number;
  readonly bytes: number;
  readonly secondStart: number;
  readonly secondBytes: number;
}

/** As `sha256TextOf`, of a prefix and two ranges of a buffer, which needs no object a range. */
export function sha256TextOfRanges(prefix: Buffer, source: Buffer, ranges: TwoRanges): string {
  const { start, bytes, secondStart, secondBytes } = ranges;
  const length = prefix.length + bytes + secondBytes;
  const end = start + bytes;
  const secondEnd = secondStart + secondBytes;
  if (length > scratch.length) {
    const parts = [prefix, source.subarray(start, end), source.subarray(secondStart, secondEnd)];
    return provider().sha256OfParts(parts).toString('latin1');
  }
  scratch.set(prefix, 0);
  source.copy(scratch, prefix.length, start, end);
  source.copy(scratch, prefix.length + bytes, secondStart, secondEnd);
  return provider().sha256Text(scratch.subarray(0, length));
}

/** The parts in one piece, until the next call; undefined where they are large. */
function gathered(parts: readonly Buffer[]): Buffer | undefined {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > scratch.length) return undefined;
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  return scratch.subarray(0, length);
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
  return sha256Of(prefixOf(tag), ...parts);
}

/** What goes before the parts of a tagged hash. */
export function prefixOf(tag: string): Buffer {
  let prefix = prefixes.get(tag);
  if (prefix === undefined) {
    prefix = lengthPrefixed(tag);
    prefixes.set(tag, prefix);
  }
  return prefix;
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
