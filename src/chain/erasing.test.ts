import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type GoneData, withoutData } from '../../test/support/gone.ts';
import { TestWriter, testEvent } from '../../test/support/test-writer.ts';
import { KeyPair, suiteMldsa44Ed25519 } from '../crypto/index.ts';
import { erases, parseBatch, type Redaction } from '../event/index.ts';
import { dataFates } from '../log/index.ts';
import { ErasurePlan, type PlacedRedaction, redactionsIn } from './erasing.ts';

const writer = new TestWriter(
  Buffer.alloc(32, 1),
  KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }),
);
const keyOf = (object: number) => Buffer.alloc(16, object + 1);
const firstSequence = 10;

const redactions = fc.array(
  fc.record({
    sequence: fc.integer({ min: 5, max: 40 }),
    object: fc.nat(2),
    redaction: fc.oneof(
      fc.nat(40).map((beforeSequence): Redaction => ({ beforeSequence: beforeSequence + 1 })),
      fc
        .uniqueArray(fc.nat(40), { minLength: 1, maxLength: 8 })
        .map((all): Redaction => ({ sequences: all.sort((a, b) => a - b) })),
    ),
  }),
  { maxLength: 6 },
);
const events = fc.array(
  fc.record({
    object: fc.nat(2),
    kind: fc.constantFrom('data', 'data', 'data', 'tombstone', 'rules'),
    gone: fc.constantFrom<(GoneData | undefined)[]>(undefined, undefined, { state: 'dropped' }),
  }),
  { minLength: 1, maxLength: 20 },
);

test('what is erased of a batch is what any of the redactions names, that is data and still there', async () => {
  let erased = 0;
  await fc.assert(
    fc.asyncProperty(redactions, events, async (given, said) => {
      const placed = given.map(({ sequence, object, redaction }): PlacedRedaction => {
        return { sequence, primaryKey: keyOf(object), redaction };
      });
      const made = said.map(({ object, kind }) =>
        testEvent(kind === 'data' ? 'data' : '', { kind, primaryKey: keyOf(object) }),
      );
      const { run } = await writer.make(made, {}, []);
      const isGone = (index: number) =>
        said[index]?.kind === 'data' ? said[index].gone : undefined;
      const batch = parseBatch(withoutData(run, isGone));
      const found = new ErasurePlan(placed).of(batch, firstSequence);
      said.forEach(({ object, kind }, index) => {
        const event = { sequence: firstSequence + index, primaryKey: keyOf(object) };
        const by = placed.filter((one) => erases(one, event)).map(({ sequence }) => sequence);
        const isDue = by.length > 0 && kind === 'data' && isGone(index) === undefined;
        expect(found?.fates[index] ?? 0).toBe(isDue ? dataFates.redacted : 0);
        if (!isDue) return;
        expect(by).toContain(found?.redactions[index]);
        erased += 1;
      });
    }),
  );
  expect(erased).toBeGreaterThan(20);
});

test('the redactions of a batch are found with their places', async () => {
  const what = { redaction: { sequences: [3, 4] } };
  const { run } = await writer.make([
    testEvent('data'),
    testEvent('', { kind: 'redaction', primaryKey: keyOf(1), authority: what }),
  ]);
  const found = redactionsIn(parseBatch(run), firstSequence);
  expect(found).toEqual([{ sequence: firstSequence + 1, primaryKey: keyOf(1), ...what }]);
});
