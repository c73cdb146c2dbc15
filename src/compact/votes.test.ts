import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, type EventFacts } from './votes.ts';

const kinds = ['genesis', 'data', 'tombstone', 'rules', 'roots', 'key_change'] as const;

const facts: fc.Arbitrary<EventFacts> = fc.record({
  kind: fc.constantFrom(...kinds, 'data', 'data', 'data'),
  hasAuthority: fc.boolean(),
  hasData: fc.boolean(),
  isNewest: fc.boolean(),
  isExpired: fc.boolean(),
  isInLastBatch: fc.boolean(),
  timeUnixMs: fc.integer({ min: 90, max: 110 }),
});

/** The rules of docs/compaction.md as one condition. */
function mayGo(event: EventFacts, horizonUnixMs: number): boolean {
  return (
    event.kind === 'data' &&
    event.hasData &&
    (!event.isNewest || event.isExpired) &&
    !event.hasAuthority &&
    !event.isInLastBatch &&
    event.timeUnixMs < horizonUnixMs
  );
}

test('the votes come to what the rules say, for every event', () => {
  let dropped = 0;
  fc.assert(
    fc.property(facts, (event) => {
      const decision = decide(event, { horizonUnixMs: 100 });
      const goes = decision === 'dropped' || decision === 'expired';
      expect(goes).toBe(mayGo(event, 100));
      // Readers demand something newer of the one, and a rule of the other.
      if (goes) expect(decision).toBe(event.isNewest ? 'expired' : 'dropped');
      if (goes) dropped += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(dropped).toBeGreaterThan(10);
});

const plain: EventFacts = {
  kind: 'data',
  hasAuthority: false,
  hasData: true,
  isNewest: false,
  isExpired: false,
  isInLastBatch: false,
  timeUnixMs: 99,
};

test.each([
  [{}, 'dropped'],
  [{ timeUnixMs: 100 }, 'young'],
  [{ isInLastBatch: true }, 'last-batch'],
  [{ hasAuthority: true }, 'authority'],
  [{ isNewest: true }, 'newest'],
  // The newest stays for that alone, whatever else would have it stay.
  [{ isNewest: true, hasAuthority: true, isInLastBatch: true, timeUnixMs: 100 }, 'newest'],
  [{ hasAuthority: true, isInLastBatch: true, timeUnixMs: 100 }, 'authority'],
  [{ isExpired: true }, 'dropped'],
  [{ isNewest: true, isExpired: true }, 'expired'],
  [{ isNewest: true, isExpired: true, hasAuthority: true }, 'authority'],
  [{ isNewest: true, isExpired: true, isInLastBatch: true }, 'last-batch'],
  [{ isNewest: true, isExpired: true, timeUnixMs: 100 }, 'young'],
  [{ kind: 'tombstone', isExpired: true }, 'not-data'],
  [{ hasData: false }, 'gone'],
  [{ kind: 'tombstone' }, 'not-data'],
  [{ kind: 'rules', isNewest: true }, 'not-data'],
  [{ kind: 'genesis', hasData: false }, 'not-data'],
] as const)('%j is %s', (changes, decision) => {
  expect(decide({ ...plain, ...changes }, { horizonUnixMs: 100 })).toBe(decision);
});
