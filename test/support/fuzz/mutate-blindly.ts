import type { Random } from '../seed.ts';

/** Random bytes that follow from the seed. */
export function randomBuffer(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.between(0, 255)));
}

/** Spoil bytes in one place, whatever they are. */
export function mutateBlindly(bytes: Buffer, random: Random): Buffer {
  const at = random.between(0, Math.max(0, bytes.length - 1));
  const count = random.pick([1, 1, 2, 4, 16]);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at + count);
  switch (
    random.pick(['flip', 'flip', 'set', 'insert', 'delete', 'duplicate', 'truncate', 'append'])
  ) {
    case 'flip':
      return Buffer.concat([
        before,
        Buffer.of((bytes[at] ?? 0) ^ (1 << random.between(0, 7))),
        bytes.subarray(at + 1),
      ]);
    case 'set':
      return Buffer.concat([before, randomBuffer(random, count), after]);
    case 'insert':
      return Buffer.concat([before, randomBuffer(random, count), bytes.subarray(at)]);
    case 'delete':
      return Buffer.concat([before, after]);
    case 'duplicate':
      return Buffer.concat([before, bytes.subarray(at, at + count), bytes.subarray(at)]);
    case 'truncate':
      return before;
    default:
      return Buffer.concat([bytes, randomBuffer(random, count)]);
  }
}
