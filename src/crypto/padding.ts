import assert from 'node:assert/strict';

// Padding hides how long a text is: PADMÉ (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
// Communication with PURBs", 2019) says how far, and ISO/IEC 7816-4 with what: 80, then zeros, which can be undone in one
// way only.

const mark = 0x80;
const lengthMax = 2 ** 31 - 1;

/** How far a text is padded: by the mark alone, or also to a length that many others share. */
export type PaddingRule = 'mark' | 'padme';

/**
 * The length that PADMÉ makes of one: the next whose binary form ends in zeros, all but its highest digits, about as many
 * as the length of its length. It is at most 12% longer, and of lengths up to L there are only O(log L · log log L).
 */
export function padmeLength(length: number): number {
  assert(Number.isInteger(length) && length >= 0 && length <= lengthMax, 'a length that can be');
  if (length < 2) return length;
  const exponent = 31 - Math.clz32(length);
  const digits = 32 - Math.clz32(exponent);
  const mask = 2 ** (exponent - digits) - 1;
  return Math.floor((length + mask) / (mask + 1)) * (mask + 1);
}

/** The length of a padded text. */
export function paddedLength(length: number, rule: PaddingRule): number {
  return rule === 'padme' ? padmeLength(length + 1) : length + 1;
}

/** A text with its padding: the mark at least. */
export function addPadding(text: Buffer, rule: PaddingRule): Buffer {
  const padded = Buffer.alloc(paddedLength(text.length, rule));
  text.copy(padded);
  padded[text.length] = mark;
  return padded;
}

/** The text in a padded one, a slice of it; undefined where there is no padding. */
export function removePadding(padded: Buffer): Buffer | undefined {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end -= 1;
  return end >= 0 && padded[end] === mark ? padded.subarray(0, end) : undefined;
}
