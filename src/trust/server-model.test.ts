import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchOf } from '../../test/support/authority/build-batch.ts';
import {
  begin,
  decide,
  everyVerdict,
  showsSigners,
  Verdicts,
} from '../../test/support/authority/model-run.ts';
import { anyEvent, firstAnswer, serversBatch } from '../../test/support/authority/random-events.ts';
import { rounds } from '../../test/support/scale.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { takeBackAll } from './undo.ts';

test('what servers add to chains with an auth service, and without, is decided as the oracle decides it', async () => {
  const verdicts = new Verdicts();
  const one = anyEvent.map((said) => [said]);
  const step = fc.record({
    events: fc.oneof({ weight: 3, arbitrary: one }, { weight: 2, arbitrary: serversBatch }),
    // What came before is older, but a clock that is set back is for others to notice.
    time: fc.integer({ min: 1, max: 30 }),
    isShown: showsSigners,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.nat(5).map((chosen) => (chosen === 0 ? undefined : firstAnswer)),
      fc.nat(24),
      async (history, answer, storedAt) => {
        let { oracle, authority } = begin(['other', 'root'], false, answer);
        for (const [at, { events, time, isShown }] of history.entries()) {
          const batch = await batchOf(events, { showsSigners: isShown });
          const before = encodeAuthority(authority.record());
          const due = oracle.take(events, { showsSigners: isShown, time });
          const is = decide(authority, batch, time);
          expect(Array.isArray(is) ? undefined : is, JSON.stringify(events)).toEqual(due);
          verdicts.count(due);
          const after = encodeAuthority(authority.record());
          if (Array.isArray(is)) {
            takeBackAll(is);
            expect(encodeAuthority(authority.record())).toEqual(before);
            expect(decide(authority, batch, time)).toBeInstanceOf(Array);
          }
          expect(encodeAuthority(authority.record())).toEqual(due === undefined ? after : before);
          expect(authority.owner?.version).toBe(oracle.answer?.version);
          if (at !== storedAt) continue;
          authority = new Authority(decodeAuthority(encodeAuthority(authority.record())));
        }
      },
    ),
    // Fewer don't come by every verdict.
    { numRuns: rounds({ short: 300, long: 10_000 }) },
  );
  verdicts.expectSome(
    ...everyVerdict,
    ...['AUTH_ANSWER_INVALID', 'AUTH_ANSWER_EXPIRED', 'OWNER_REMOVED', 'BATCH_INVALID'],
  );
});
