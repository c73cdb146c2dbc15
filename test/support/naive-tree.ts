import { emptyRoot, leafHash, type NodeSource, nodeHash } from '../../src/crypto/index.ts';

// The Merkle tree of RFC 9162 as its definitions have it: slow, and too simple to be wrong.

/** MTH of RFC 9162, 2.1.1, word for word. */
export function naiveRoot(data: readonly Buffer[]): Buffer {
  if (data.length === 0) return emptyRoot;
  if (data.length === 1) return leafHash(data[0] as Buffer);
  const split = naiveSplit(data.length);
  return nodeHash(naiveRoot(data.slice(0, split)), naiveRoot(data.slice(split)));
}

/** PATH of RFC 9162, 2.1.3.1. */
export function naivePath(index: number, data: readonly Buffer[]): Buffer[] {
  if (data.length === 1) return [];
  const split = naiveSplit(data.length);
  return index < split
    ? [...naivePath(index, data.slice(0, split)), naiveRoot(data.slice(split))]
    : [...naivePath(index - split, data.slice(split)), naiveRoot(data.slice(0, split))];
}

/** SUBPROOF of RFC 9162, 2.1.4.1. */
export function naiveSubproof(first: number, data: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (first === data.length) return isWhole ? [] : [naiveRoot(data)];
  const split = naiveSplit(data.length);
  return first <= split
    ? [...naiveSubproof(first, data.slice(0, split), isWhole), naiveRoot(data.slice(split))]
    : [...naiveSubproof(first - split, data.slice(split), false), naiveRoot(data.slice(0, split))];
}

function naiveSplit(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** The stored nodes of a tree over leaf data, level by level; only perfect subtrees of its leaves are there. */
export function sourceOf(data: readonly Buffer[]): NodeSource {
  const levels = [data.map(leafHash)];
  for (let level = levels[0] as Buffer[]; level.length > 1; ) {
    const below = level;
    level = Array.from({ length: Math.floor(below.length / 2) }, (_, index) =>
      nodeHash(below[2 * index] as Buffer, below[2 * index + 1] as Buffer),
    );
    levels.push(level);
  }
  return (level, index) => {
    const hash = levels[level]?.[index];
    if (hash === undefined) throw new Error(`no node ${index} on level ${level}`);
    return hash;
  };
}
