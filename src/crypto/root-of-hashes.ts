import { hashBytes } from './hash.ts';
import { foldRow } from './merkle-row.ts';
import { Sha256Lanes, sha256Lanes } from './sha256-lanes.ts';

/** From so many hashes on it pays to fill the lanes. */
const hashesForLanesMin = 8;

/**
 * Root of the RFC 9162 tree whose leaves have these hashes. 32 bytes.
 *
 * @param hashes one behind the other, at least one.
 */
export function rootOfHashes(hashes: Buffer): Buffer {
  const count = hashes.length / hashBytes;
  if (count >= hashesForLanesMin && Sha256Lanes.fits(0, count)) {
    const root = sha256Lanes()?.rootOfHashes(hashes, count);
    if (root !== undefined) return root;
  }
  return foldRow(Buffer.from(hashes), count);
}
