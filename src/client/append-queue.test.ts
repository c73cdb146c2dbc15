import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppendQueue, type QueuedAppend } from './append-queue.ts';

const limits = { eventsMax: 10, bytesMax: 1_000 };

interface Numbered extends QueuedAppend {
  readonly number: number;
}

const append = fc.record({
  events: fc.integer({ min: 1, max: 14 }),
  bytes: fc.integer({ min: 1, max: 1_300 }),
  isAlone: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const step = fc.oneof(
  { weight: 5, arbitrary: append.map((pushed) => ({ kind: 'push', pushed }) as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'take' } as const) },
  fc.nat(30).map((index) => ({ kind: 'remove', index }) as const),
);

/** What the next batch of a list should be. */
function nextBatch(waiting: readonly Numbered[]): Numbered[] {
  const [first] = waiting;
  if (first === undefined) return [];
  if (first.isAlone) return [first];
  let size = 1;
  const sum = (count: number, of: 'events' | 'bytes') =>
    waiting.slice(0, count).reduce((total, each) => total + each[of], 0);
  while (
    size < waiting.length &&
    waiting[size]?.isAlone === false &&
    sum(size + 1, 'events') <= limits.eventsMax &&
    sum(size + 1, 'bytes') <= limits.bytesMax
  ) {
    size += 1;
  }
  return waiting.slice(0, size);
}

test('whatever is pushed, taken and removed: the queue is what a plain list would be', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const queue = new AppendQueue<Numbered>(limits);
      let model: Numbered[] = [];
      for (const [number, each] of steps.entries()) {
        if (each.kind === 'push') {
          const pushed = { ...each.pushed, number };
          queue.push(pushed);
          model.push(pushed);
        } else if (each.kind === 'take') {
          const batch = nextBatch(model);
          expect(queue.takeBatch()).toEqual(batch);
          model = model.slice(batch.length);
        } else {
          const removed = model[each.index];
          if (removed === undefined) continue;
          expect(queue.remove(removed)).toBe(true);
          expect(queue.remove(removed)).toBe(false);
          model = model.filter((other) => other !== removed);
        }
        expect(queue.length).toBe(model.length);
        expect(queue.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0));
        // Complete means: an event more, however small, would not change the next batch.
        const tiny = { events: 1, bytes: 1, isAlone: false, number: -1 };
        const isComplete = model.length > 0 && !nextBatch([...model, tiny]).includes(tiny);
        expect(queue.hasCompleteBatch).toBe(isComplete);
      }
      expect(queue.takeAll()).toEqual(model);
      expect(queue.length).toBe(0);
    }),
  );
});

test('thousands go through in order', () => {
  const queue = new AppendQueue<Numbered>({ eventsMax: 7, bytesMax: 1_000 });
  const count = 5_000;
  const taken: number[] = [];
  for (let number = 0; number < count; number += 1) {
    queue.push({ events: 1, bytes: 1, isAlone: false, number });
    if (number % 10 === 0) taken.push(...queue.takeBatch().map((each) => each.number));
  }
  while (queue.length > 0) taken.push(...queue.takeBatch().map((each) => each.number));
  expect(taken).toEqual(Array.from({ length: count }, (_, index) => index));
});
