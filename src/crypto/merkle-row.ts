import { hashBytes, sha256, sha256TextOf } from './hash.ts';

/** What RFC 9162 puts before a leaf's data. */
export const leafPrefix = Buffer.of(0);
/** What RFC 9162 puts before the hashes of a node's children. */
export const nodePrefix = Buffer.of(1);

/** Root of the tree without leaves: the hash of nothing. */
export const emptyRoot: Buffer = sha256(Buffer.alloc(0));

/**
 * All nodes of the tree over a row of hashes: the row, then the row above it, and so on up to the root, one behind the other.
 *
 * @param hashes a power of two of them.
 */
export function nodesOfHashes(hashes: Buffer): Buffer {
  const nodes = Buffer.allocUnsafeSlow(2 * hashes.length - hashBytes);
  hashes.copy(nodes);
  let at = hashes.length;
  for (let pair = 0; at < nodes.length; pair += 2 * hashBytes, at += hashBytes) {
    const children = nodes.subarray(pair, pair + 2 * hashBytes);
    nodes.write(sha256TextOf(nodePrefix, children), at, 'latin1');
  }
  return nodes;
}

/**
 * Make the root of the tree over a row of hashes, natively. The row is used up: each pair of it gives a hash of the row
 * above, and the last one goes up alone if it has no other.
 *
 * @param count at least one.
 * @returns 32 bytes of their own.
 */
export function foldRow(row: Buffer, count: number): Buffer {
  for (let nodes = count; nodes > 1; nodes = (nodes + 1) >>> 1) {
    for (let index = 0; index < nodes >>> 1; index += 1) {
      const pair = row.subarray(2 * index * hashBytes, 2 * (index + 1) * hashBytes);
      row.write(sha256TextOf(nodePrefix, pair), index * hashBytes, 'latin1');
    }
    if (nodes % 2 === 1) {
      row.copyWithin((nodes >>> 1) * hashBytes, (nodes - 1) * hashBytes, nodes * hashBytes);
    }
  }
  return Buffer.from(row.subarray(0, hashBytes));
}
