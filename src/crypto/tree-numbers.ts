// Sizes and indexes of trees are JavaScript integers that may be beyond 2^32, so there are no bit operations on them.

/** The largest exponent of two up to a value. Exact for every integer from 1 on, as `Math.log2` is not. */
export function log2Floor(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value);
}

/** How many bits are set. */
export function bitsSet(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest = half(rest)) count += rest % 2;
  return count;
}

/** Of an integer from 1 on. */
export function isPowerOfTwo(value: number): boolean {
  return 2 ** log2Floor(value) === value;
}

/** Whether an index is that of a right child. */
export function isOdd(value: number): boolean {
  return value % 2 === 1;
}

/** Half of it, rounded down: its parent's index. */
export function half(value: number): number {
  return Math.floor(value / 2);
}

/** Whether a number can be that of leaves, or a leaf's index. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
