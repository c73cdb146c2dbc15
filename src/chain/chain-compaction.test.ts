import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CompactWorld, type PlannedEvent } from '../../test/support/compact-world.ts';
import { rounds } from '../../test/support/scale.ts';

// Compaction of a whole chain, on a disk in memory, against the list of all that was appended.

const event: fc.Arbitrary<PlannedEvent> = fc.record({
  kind: fc.constantFrom('data', 'data', 'data', 'data', 'tombstone', 'ruled'),
  object: fc.nat(4),
  // Where less goes, a rewritten segment is larger than it was, by what its header says of that, and stays as it is.
  bytes: fc.integer({ min: 60, max: 300 }),
});

const step = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      writer: fc.nat(1),
      events: fc.array(event, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('compact' as const), asked: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

test.each(['centralized', 'distributed'] as const)(
  'whatever is done with a %s chain, only superseded data goes, and nothing else changes',
  async (trustMode) => {
    let dropped = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50 }), async (steps) => {
        const world = await CompactWorld.create({ trustMode });
        await world.open();
        for (const one of steps) {
          if (one.kind === 'append') await world.append(one.writer, one.events);
          else if (one.kind === 'compact') {
            const { counts } = await world.compact({ isAsked: one.asked });
            dropped += counts.dropped.events;
            await world.check();
          } else {
            await world.close();
            expect(await world.survey()).toEqual([]);
            await world.open();
          }
          await world.checkNewest();
        }
        await world.compact();
        await world.compact();
        const gone = await world.check();
        // All that may go has gone, but for writers' last batches.
        const last = new Set(
          [0, 1].map((writer) => world.placed.findLast((one) => one.writer === writer)),
        );
        const due = world.mayGo().filter((sequence) => {
          return ![...last].some(
            (one) =>
              one !== undefined &&
              sequence >= one.firstSequence &&
              sequence < one.firstSequence + one.batch.count,
          );
        });
        expect(gone.filter((sequence) => due.includes(sequence))).toEqual(due);
        await world.close();
        expect(await world.survey()).toEqual([]);
        expect(world.notices).toEqual([]);
      }),
      { numRuns: rounds({ short: 5, long: 200 }) },
    );
    expect(dropped).toBeGreaterThan(10);
  },
  60_000,
);
