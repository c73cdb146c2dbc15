import { expect, test } from 'vitest';
import type { Position } from './position.ts';
import { TailBuffer } from './tail-buffer.ts';

/** Publish groups of batches of one event each, given by their sizes; returns where each batch begins. */
function fill(tail: TailBuffer, from: Position, groups: readonly number[][]): Position[] {
  const starts: Position[] = [];
  let at = from;
  for (const sizes of groups) {
    const bytes = tail.reserve(
      sizes.reduce((sum, size) => sum + size, 0),
      at,
    );
    let written = 0;
    const batches = sizes.map((size) => {
      bytes.fill(at.commit, written, written + size);
      written += size;
      starts.push(at);
      at = { ...at, offset: at.offset + size, commit: at.commit + 1, sequence: at.sequence + 1 };
      return { endOffset: at.offset, events: 1 };
    });
    tail.publish(batches);
  }
  return [...starts, at];
}

const start: Position = { segment: 3, generation: 0, offset: 100, commit: 10, sequence: 20 };

test('slices are whole batches, at least one, across groups', () => {
  const tail = new TailBuffer(1_000_000);
  const places = fill(tail, start, [[10, 20], [30], [40, 50]]);
  const slice = (from: number, bytesMax: number) => tail.slice(places[from] as Position, bytesMax);
  expect(slice(0, 1)).toEqual({ bytes: Buffer.alloc(10, 10), next: places[1] });
  expect(slice(0, 59)?.next).toEqual(places[2]);
  expect(slice(0, 60)?.next).toEqual(places[3]);
  expect(slice(0, 1000)?.next).toEqual(places[5]);
  expect(slice(4, 1000)).toEqual({ bytes: Buffer.alloc(50, 14), next: places[5] });
  expect(slice(5, 1000)).toBeUndefined();
});

test('what is reserved is not seen before it is published', () => {
  const tail = new TailBuffer(1_000_000);
  const [, end] = fill(tail, start, [[10]]) as [Position, Position];
  tail.reserve(20, end);
  expect(tail.has(end)).toBe(false);
  expect(tail.slice(start, 1000)?.bytes.length).toBe(10);
  tail.publish([{ endOffset: end.offset + 20, events: 2 }]);
  expect(tail.slice(end, 1000)?.next).toMatchObject({ offset: 130, commit: 12, sequence: 23 });
});

test('a new segment begins a new piece, and the old one stays readable', () => {
  const tail = new TailBuffer(1_000_000);
  fill(tail, start, [[10, 10]]);
  const next = { segment: 4, generation: 0, offset: 60, commit: 12, sequence: 22 };
  fill(tail, next, [[5]]);
  expect(tail.slice(start, 1000)?.next).toMatchObject({ segment: 3, offset: 120 });
  expect(tail.slice(next, 1000)?.next).toMatchObject({ segment: 4, offset: 65, commit: 13 });
  expect(tail.has({ ...next, segment: 5 })).toBe(false);
  expect(tail.has({ ...start, offset: 99 })).toBe(false);
  // Who has read all of the old segment stands at its end, and what comes next for him is here.
  expect(tail.has({ ...start, offset: 120, commit: 12, sequence: 22 })).toBe(false);
  expect([9, 10, 12, 13].map((commit) => tail.hasCommit(commit))).toEqual([
    ...[false, true, true, false],
  ]);
});

test('memory is bounded, and little is kept of a chain that is written little to', () => {
  const tail = new TailBuffer(100_000);
  const places = fill(
    tail,
    start,
    Array.from({ length: 100 }, () => [10_000]),
  );
  const kept = places.filter((place) => tail.has(place)).length;
  expect(kept).toBeGreaterThan(2);
  expect(kept).toBeLessThanOrEqual(10);
  expect(tail.has(places[99] as Position)).toBe(true);
  const small = new TailBuffer(100_000);
  expect(small.reserve(10, start).buffer.byteLength).toBeLessThanOrEqual(16_384);
});
