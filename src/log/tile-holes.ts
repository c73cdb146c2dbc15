import { nodeHash, nodesOfHashes, rootOfHashes } from '../crypto/index.ts';

// The leaf hashes of commits that are gone under a snapshot are in the tiles alone. Where they are lost the segments still say what the perfect
// subtrees come to that they made up. Such a subtree stands in its level with its own hash in the place of its first hash, and with zeros in
// the places of all others: so all that lies around it is proven as before, and only what lies within it can't be.

const hashBytes = 32;

/** Stands in the place of a hash that is lost. No hash of anything that anybody knows is zero. */
export const hole: Buffer = Buffer.alloc(hashBytes);

/** The hashes in a row, one behind the other; where one is lost, `hole` itself. */
export function slotsOf(bytes: Buffer): Buffer[] {
  const slots: Buffer[] = [];
  for (let at = 0; at + hashBytes <= bytes.length; at += hashBytes) {
    const slot = bytes.subarray(at, at + hashBytes);
    slots.push(slot.equals(hole) ? hole : slot);
  }
  return slots;
}

/** The root over a power of two of hashes, some of which may be lost; `hole` where all are, within a larger one. */
export function rootOfSlots(slots: readonly Buffer[]): Buffer {
  if (!slots.includes(hole)) return rootOfHashes(Buffer.concat(slots));
  let row = slots;
  while (row.length > 1) row = rowAbove(row);
  return row[0] as Buffer;
}

/** As `nodesOfHashes`, of a row of which some may be lost. */
export function nodesOfSlots(slots: readonly Buffer[]): Buffer {
  if (!slots.includes(hole)) return nodesOfHashes(Buffer.concat(slots));
  const rows = [slots];
  for (let row = slots; row.length > 1; rows.push(row)) row = rowAbove(row);
  return Buffer.concat(rows.flat());
}

function rowAbove(row: readonly Buffer[]): Buffer[] {
  return Array.from({ length: row.length / 2 }, (_, at) => {
    const [left, right] = [row[2 * at] as Buffer, row[2 * at + 1] as Buffer];
    // What stands for both, or is a part of what stands for more.
    return right === hole ? left : nodeHash(left, right);
  });
}

/**
 * Whether what stands in a place is no node of its row, but a part of what is lost, or stands for more than its place.
 *
 * @param index of the node in its row.
 * @param next what stands in the place behind it; undefined where nothing does yet.
 */
export function isLost(index: number, slot: Buffer, next: Buffer | undefined): boolean {
  return slot.equals(hole) || (index % 2 === 0 && next?.equals(hole) === true);
}

/** How many places of a row the one stands for that is at an index: a power of two. */
export function placesOf(slots: readonly Buffer[], index: number): number {
  let count = 1;
  while (index % (2 * count) === 0 && slots[index + count] === hole) count *= 2;
  return count;
}
