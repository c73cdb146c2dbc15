import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  batchOf,
  objectKey,
  placementOf,
  readKeyId,
} from '../../test/support/authority/build-batch.ts';
import {
  begin,
  decide,
  everyVerdict,
  place,
  showsSigners,
  Verdicts,
} from '../../test/support/authority/model-run.ts';
import type { AuthorityOracle } from '../../test/support/authority/oracle.ts';
import type { OracleEvent } from '../../test/support/authority/oracle-types.ts';
import {
  anyBatch,
  anyEvent,
  delegatedStep,
  eventAtLine,
  inLine,
} from '../../test/support/authority/random-events.ts';
import { rounds } from '../../test/support/scale.ts';
import { treeDepthMax } from '../bytes/index.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { takeBackAll } from './undo.ts';

const numRuns = rounds({ short: 300, long: 10_000 });

/** Whether clients, who have to know before, would seal data of an event with the key that it is to be sealed with. */
function expectToldReadRule(authority: Authority, said: OracleEvent): void {
  const { kind, object, parent, read, sealedWith } = said;
  const inherits = read === 'inherit';
  if (kind !== 'data' || object === undefined || (read !== undefined && !inherits)) return;
  const above = parent === undefined ? undefined : objectKey(parent);
  const rule = authority.readRuleFor(objectKey(object), above, { inherits });
  const due =
    sealedWith === undefined
      ? { kind: 'everyone' }
      : { kind: 'read_key', readKeyId: readKeyId(sealedWith) };
  expect(rule, JSON.stringify(said)).toEqual(due);
}

/** Whether who only assumes where events put objects would seal their data as is due. */
function expectAssumed(assumed: Authority, authority: Authority, oracle: AuthorityOracle): void {
  for (const [name, { parent }] of oracle.items) {
    const [key, above] = [objectKey(name), parent === '' ? undefined : objectKey(parent)];
    expect(assumed.readRuleFor(key, above), name).toEqual(authority.readRuleFor(key, above));
  }
}

test('random histories are decided as a slow oracle decides them; what is stored decides the same', async () => {
  const verdicts = new Verdicts();
  const signed = fc.record({ said: anyEvent, showsSigners });
  await fc.assert(
    fc.asyncProperty(
      fc.array(signed, { minLength: 1, maxLength: 25 }),
      fc.boolean(),
      fc.nat(24),
      async (history, isConfidential, storedAt) => {
        let { oracle, authority } = begin(['root', 'other'], isConfidential);
        const { authority: assumed } = begin(['root', 'other'], isConfidential);
        for (const [at, { said, showsSigners: isShown }] of history.entries()) {
          const batch = await batchOf([said], { showsSigners: isShown });
          const due = oracle.take([said], { showsSigners: isShown });
          if (due === undefined) expectToldReadRule(authority, said);
          const before = due && encodeAuthority(authority.record());
          const is = decide(authority, batch);
          expect(Array.isArray(is) ? undefined : is, JSON.stringify(said)).toEqual(due);
          verdicts.count(due);
          if (before !== undefined) expect(encodeAuthority(authority.record())).toEqual(before);
          expect(authority.objects).toBe(oracle.items.size);
          const placement = due === undefined ? placementOf(said) : undefined;
          if (placement !== undefined) assumed.assume(placement);
          expectAssumed(assumed, authority, oracle);
          if (at !== storedAt) continue;
          authority = new Authority(decodeAuthority(encodeAuthority(authority.record())));
        }
      },
    ),
    { numRuns },
  );
  verdicts.expectSome(...everyVerdict);
});

test('a batch is decided as its events one by one, taken or refused as a whole, and can be taken back', async () => {
  const verdicts = new Verdicts();
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { maxLength: 12 }),
      anyBatch,
      showsSigners,
      async (history, events, isShown) => {
        const { oracle, authority } = begin(['root'], false);
        for (const said of history) {
          if (oracle.take([said]) === undefined) decide(authority, await batchOf([said]));
        }
        const before = encodeAuthority(authority.record());
        const oneByOne = new Authority(decodeAuthority(before));
        const shows = { showsSigners: isShown };
        const due = oracle.take(events, shows);
        const is = decide(authority, await batchOf(events, shows));
        verdicts.count(due);
        expect(Array.isArray(is) ? undefined : is, JSON.stringify(events)).toEqual(due);
        if (Array.isArray(is)) {
          for (const said of events) oneByOne.decide(await batchOf([said], shows), place);
          const after = encodeAuthority(authority.record());
          expect(after).toEqual(encodeAuthority(oneByOne.record()));
          takeBackAll(is);
        }
        expect(encodeAuthority(authority.record())).toEqual(before);
      },
    ),
    { numRuns },
  );
  verdicts.expectSome(...everyVerdict);
});

test('a line of objects is as deep as it may be, and what moves made deeper is decided on alike', async () => {
  const verdicts = new Verdicts();
  // Parents above the last of them, the root of the chain not counted.
  const depth = fc.integer({ min: treeDepthMax - 2, max: treeDepthMax });
  await fc.assert(
    fc.asyncProperty(
      depth.chain((parents) =>
        fc.tuple(
          fc.constant(parents),
          fc.array(eventAtLine(parents + 1), { minLength: 5, maxLength: 20 }),
        ),
      ),
      async ([parents, history]) => {
        const { oracle, authority } = begin(['root', 'other'], false);
        const line = Array.from({ length: parents + 1 }, (_, index): OracleEvent => {
          const parent = index === 0 ? undefined : inLine(index - 1);
          return { kind: 'data', object: inLine(index), parent, actors: ['root'] };
        });
        expect(oracle.take(line)).toBeUndefined();
        expect(decide(authority, await batchOf(line))).toBeInstanceOf(Array);
        for (const said of history) {
          const due = oracle.take([said]);
          const is = decide(authority, await batchOf([said]));
          verdicts.count(due);
          expect(Array.isArray(is) ? undefined : is, JSON.stringify(said)).toEqual(due);
          expect(authority.objects).toBe(oracle.items.size);
        }
      },
    ),
    { numRuns: rounds({ short: 100, long: 10_000 }) },
  );
  verdicts.expectSome(...everyVerdict);
});

test('whom events count as by delegations is decided as the oracle decides it, at each time, and what is stored decides the same', async () => {
  const verdicts = new Verdicts();
  let delegated = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(delegatedStep, { minLength: 1, maxLength: 25 }),
      fc.nat(24),
      async (history, storedAt) => {
        let { oracle, authority } = begin(['root'], false);
        for (const [at, { said, path, time }] of history.entries()) {
          const alone = oracle.copy();
          alone.delegations = [];
          const without = alone.take([said], { time });
          const due = oracle.take([said], { path, time });
          if (due === undefined && without !== undefined) delegated += 1;
          const before = due && encodeAuthority(authority.record());
          const is = decide(authority, await batchOf([said], { path }), time);
          expect(Array.isArray(is) ? undefined : is, JSON.stringify({ said, path, time })).toEqual(
            due,
          );
          verdicts.count(due);
          if (before !== undefined) expect(encodeAuthority(authority.record())).toEqual(before);
          if (at !== storedAt) continue;
          authority = new Authority(decodeAuthority(encodeAuthority(authority.record())));
        }
      },
    ),
    { numRuns },
  );
  verdicts.expectSome(...everyVerdict, 'DELEGATION_EXPIRED');
  expect(delegated).toBeGreaterThan(20);
});
