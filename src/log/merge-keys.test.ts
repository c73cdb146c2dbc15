import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesAt, entryBytes, newestAt } from './keys-layout.ts';
import { type EntrySink, mergeKeys } from './merge-keys.ts';

/** Keys that differ in their first byte, in their last one, or not at all. */
const key = fc
  .tuple(fc.nat(3), fc.nat(3))
  .map(([first, last]) => Buffer.concat([Buffer.of(first), Buffer.alloc(14), Buffer.of(last)]));

const segment = fc.uniqueArray(key, { maxLength: 16, selector: (one) => one.toString('hex') });

function entryOf(one: Buffer, newest: number, bytes: number): Buffer {
  const entry = Buffer.alloc(entryBytes);
  one.copy(entry);
  entry.writeUInt32LE(newest, newestAt);
  entry.writeUInt32LE(bytes, bytesAt);
  return entry;
}

test('of each key the last segment that has it is told, whatever the blocks are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
      async (segments, perBlock) => {
        const told: string[] = [];
        const sources = segments.map((keys, place): EntrySink => {
          const entries = keys
            .toSorted((a, b) => a.compare(b))
            .map((one, index) => entryOf(one, index, place * 100 + index));
          const blocks: Buffer[] = [];
          for (let at = 0; at < entries.length; at += perBlock) {
            blocks.push(Buffer.concat(entries.slice(at, at + perBlock)));
          }
          return {
            read: async () => blocks.shift(),
            onNewest: (newest, bytes) => told.push(`${place}/${newest}/${bytes}`),
          };
        });
        await mergeKeys(sources, () => undefined);
        const last = new Map<string, string>();
        for (const [place, keys] of segments.entries()) {
          for (const [index, one] of keys.toSorted((a, b) => a.compare(b)).entries()) {
            last.set(one.toString('hex'), `${place}/${index}/${place * 100 + index}`);
          }
        }
        expect(told.toSorted()).toEqual([...last.values()].sort());
      },
    ),
    { numRuns: 300 },
  );
});

test('it can be ended', async () => {
  const block = entryOf(Buffer.alloc(16), 0, 0);
  const source: EntrySink = { read: async () => Buffer.from(block), onNewest: () => undefined };
  let rests = 0;
  const ended = mergeKeys([source], () => {
    rests += 1;
    if (rests === 3) throw new Error('ended');
    return undefined;
  });
  await expect(ended).rejects.toThrow('ended');
});
