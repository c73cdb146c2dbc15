import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  batchOf,
  keysOf,
  objectKey,
  ownershipOf,
  placementOf,
  readKeyId,
} from '../../test/support/authority/build-batch.ts';
import {
  AuthorityOracle,
  type OracleAnswer,
  type OracleEvent,
  type OracleRefusal,
} from '../../test/support/authority/oracle.ts';
import {
  anyBatch,
  anyEvent,
  eventAtLine,
  firstAnswer,
  inLine,
  knownPeople,
  serversBatch,
} from '../../test/support/authority/random-events.ts';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError, treeDepthMax } from '../bytes/index.ts';
import type { Batch } from '../event/index.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { takeBackAll, type Undo } from './undo.ts';

const numRuns = rounds({ short: 300, long: 10_000 });

/** A chain and its oracle, which know the same keys from the start. */
function begin(roots: readonly string[], isConfidential: boolean, answer?: OracleAnswer) {
  const others = knownPeople.filter((name) => !roots.includes(name));
  const writers = keysOf(answer?.writers ?? []).map(({ fingerprintHex }) => fingerprintHex);
  const keys = { roots: keysOf(roots), others: keysOf(others), changed: [], writers };
  const oracle = new AuthorityOracle(roots, others, isConfidential);
  oracle.answer = answer;
  return {
    oracle,
    authority: new Authority({
      ...{ keys, isConfidential, isPrivate: false, rootRules: {}, nodes: [] },
      ...ownershipOf(answer),
    }),
  };
}

/** As the server and every reader decide. @returns how to take it back, or why it is refused. */
function decide(authority: Authority, batch: Batch, time = 1): Undo | OracleRefusal {
  try {
    authority.keysOf(batch);
    return authority.decide(batch, time);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { event_index: index } = error.metadata;
    return { reason: error.reason, ...(index === undefined ? {} : { index: Number(index) }) };
  }
}

/** What was decided so often. */
class Verdicts {
  readonly #counts = new Map<string, number>();

  count(refused: OracleRefusal | undefined): void {
    const verdict = refused?.reason ?? 'accepted';
    this.#counts.set(verdict, (this.#counts.get(verdict) ?? 0) + 1);
  }

  /** A property that some decision never comes up in shows nothing of it. */
  expectSome(...verdicts: readonly string[]): void {
    for (const verdict of verdicts) {
      expect(this.#counts.get(verdict) ?? 0, verdict).toBeGreaterThan(5);
    }
    expect([...this.#counts.keys()].sort()).toEqual([...verdicts].sort());
  }
}

/** Reading a key takes longer than all else, so most batches show none. */
const showsSigners = fc.nat(4).map((chosen) => chosen === 0);

const everyVerdict = [
  ...['accepted', 'KEY_NOT_ALLOWED', 'KEY_REVOKED', 'KEY_UNKNOWN'],
  ...['PARENT_INVALID', 'READ_RULE_MISMATCH'],
] as const;

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
          const batch = await batchOf([said], isShown);
          const due = oracle.take([said], isShown);
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
          if (oracle.take([said]) === undefined) authority.decide(await batchOf([said]), 1);
        }
        const before = encodeAuthority(authority.record());
        const oneByOne = new Authority(decodeAuthority(before));
        const due = oracle.take(events, isShown);
        const is = decide(authority, await batchOf(events, isShown));
        verdicts.count(due);
        expect(Array.isArray(is) ? undefined : is, JSON.stringify(events)).toEqual(due);
        if (Array.isArray(is)) {
          for (const said of events) oneByOne.decide(await batchOf([said], isShown), 1);
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
          const batch = await batchOf(events, isShown);
          const before = encodeAuthority(authority.record());
          const due = oracle.take(events, isShown, time);
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
    { numRuns },
  );
  verdicts.expectSome(
    ...everyVerdict,
    ...['AUTH_ANSWER_INVALID', 'AUTH_ANSWER_EXPIRED', 'OWNER_REMOVED', 'BATCH_INVALID'],
  );
});
