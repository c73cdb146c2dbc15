import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutData } from '../../test/support/gone.ts';
import { rounds } from '../../test/support/scale.ts';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { KeyPair, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import { type Batch, parseBatch } from '../event/index.ts';
import { OwedData, type Unallowed } from './owed-data.ts';

const writer = new TestWriter(
  Buffer.alloc(32, 1),
  KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }),
);
const keyOf = (object: number) => Buffer.alloc(16, object + 1);

/** An event in a history of one event a sequence. */
interface Said {
  readonly kind: 'data' | 'tombstone' | 'rules' | 'redaction';
  readonly object: number;
  readonly state: 'present' | 'dropped' | 'redacted';
  /** How many sequences behind the event its redaction is said to be. */
  readonly behind: number;
  /** Of a redaction: how many sequences before it each event is that it names; undefined: all. */
  readonly before: readonly number[] | undefined;
}

const said: fc.Arbitrary<Said> = fc.record({
  kind: fc.constantFrom('data', 'data', 'data', 'tombstone', 'rules', 'redaction'),
  object: fc.nat(2),
  state: fc.constantFrom('present', 'dropped', 'redacted'),
  behind: fc.integer({ min: -1, max: 6 }),
  before: fc.option(fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 3 }), { nil: undefined }),
});

async function batchOf({ kind, object, state, behind, before }: Said, at: number): Promise<Batch> {
  const sequences = (before ?? []).map((distance) => at - distance).filter((one) => one >= 0);
  const redaction =
    before === undefined || sequences.length === 0
      ? { beforeSequence: at }
      : { sequences: sequences.sort((a, b) => a - b) };
  const event = testEvent(kind === 'data' ? 'data' : '', {
    kind,
    primaryKey: keyOf(object),
    authority: kind === 'redaction' ? { redaction } : undefined,
  });
  const { run } = await writer.make([event], {}, []);
  if (kind !== 'data' || state === 'present') return parseBatch(run);
  const gone = state === 'dropped' ? { state } : { state, redaction: Math.max(1, at + behind) };
  return parseBatch(withoutData(run, () => gone));
}

/** What docs/trust.md says, slowly: of each event whose data is gone, whether anything allows that. */
function oracle(history: readonly Said[]): number[] {
  return [...history.entries()].flatMap(([at, { kind, object, state, behind }]) => {
    if (kind !== 'data' || state === 'present') return [];
    if (state === 'dropped') {
      const isSuperseded = history
        .slice(at + 1)
        .some((one) => one.object === object && (one.kind === 'data' || one.kind === 'tombstone'));
      return isSuperseded ? [] : [at];
    }
    const by = Math.max(1, at + behind);
    const redaction = by > at ? history[by] : undefined;
    if (redaction?.kind !== 'redaction' || redaction.object !== object) return [at];
    const named = (redaction.before ?? [])
      .map((distance) => by - distance)
      .filter((one) => one >= 0);
    return named.length === 0 || named.includes(at) ? [] : [at];
  });
}

const sequencesOf = (unallowed: readonly Unallowed[]) => unallowed.map(({ sequence }) => sequence);

test('data that is gone is told as a slow oracle tells it, also where batches are gone over twice', async () => {
  let allowed = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 1, maxLength: 20 }),
      fc.nat(20),
      async (history, againFrom) => {
        const batches = await Promise.all(history.map(batchOf));
        const owed = new OwedData();
        for (const [at, batch] of batches.entries()) owed.add(batch, at, 1);
        const told = new Set(sequencesOf(owed.takeUnallowed()));
        for (const [at, batch] of batches.entries()) if (at >= againFrom) owed.add(batch, at, 1);
        for (const one of sequencesOf(owed.takeUnallowed())) told.add(one);
        const left = sequencesOf(owed.left(100));
        expect(owed.isOwed).toBe(left.length > 0);
        const due = oracle(history);
        // Of several dropped events of one object the newest is told, which nothing follows.
        expect([...new Set([...told, ...left])].sort((a, b) => a - b)).toEqual(due);
        if (due.length > 0) refused += 1;
        else allowed += 1;
      },
    ),
    { numRuns: rounds({ short: 200, long: 5_000 }) },
  );
  expect(Math.min(allowed, refused)).toBeGreaterThan(5);
});

test('of very many objects a sample is checked, and it says how large that is', async () => {
  const owed = new OwedData({ droppedMax: 64, redactedMax: 1 });
  for (let at = 0; at < 40; at += 1) {
    const keys = Array.from({ length: 100 }, (_, index) => {
      const primaryKey = Buffer.alloc(16);
      primaryKey.writeUInt32BE(at * 100 + index);
      return testEvent('x', { primaryKey });
    });
    const { run } = await writer.make(keys, {}, []);
    owed.add(parseBatch(withoutData(run, () => ({ state: 'dropped' }))), at * 100, 1);
  }
  expect(owed.oneIn).toBeGreaterThanOrEqual(32);
  expect(owed.count).toBeLessThanOrEqual(64);
  expect(owed.left(10).length).toBeGreaterThan(0);
  const event = (behind: number): Said => {
    return { kind: 'data', object: 1, state: 'redacted', behind, before: undefined };
  };
  owed.add(await batchOf(event(50), 4_000), 4_000, 1);
  owed.add(await batchOf(event(50), 4_001), 4_001, 1);
  expect(owed.notKept).toBe(1);
});
