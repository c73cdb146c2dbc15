import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChainInput,
  type ChainOutput,
  chainModel,
  type ModelCondition,
  resolveUnknown,
} from './chain-model.ts';
import { checkLinearizable, type Model } from './check-linearizable.ts';
import { History, type Operation } from './history.ts';

type ChainOperation = Operation<ChainInput, ChainOutput>;

const first = { writer: 'creator', name: 'genesis', object: 'genesis' };

/** @param times when it was called and answered; one time: there was no answer. */
function append(
  times: readonly [number, number?],
  event: string,
  answer: number | ModelCondition['kind'] | undefined,
  conditions: readonly ModelCondition[] = [],
): ChainOperation {
  const [writer = ''] = event;
  const output: ChainOutput | undefined =
    answer === undefined
      ? undefined
      : typeof answer === 'number'
        ? { kind: 'committed', firstSequence: answer }
        : { kind: 'refused', condition: answer };
  const events = [{ writer, name: event, object: event.slice(1) }];
  return operation(times, { kind: 'append', events, conditions }, output);
}

/** Be given the lease on the object "1". */
function lock(times: readonly [number, number], token: number): ChainOperation {
  return operation(times, { kind: 'lock', object: '1' }, { kind: 'granted', token });
}

function unlock(times: readonly [number, number], token: number): ChainOperation {
  return operation(times, { kind: 'unlock', object: '1', token }, { kind: 'unlocked' });
}

const by = (token: number) => [{ kind: 'fence', object: '1', token }] as const;

function end(times: readonly [number, number], nextSequence: number): ChainOperation {
  return operation(times, { kind: 'end' }, { kind: 'end', nextSequence });
}

function range(times: readonly [number, number], from: number, ...names: string[]): ChainOperation {
  return operation(times, { kind: 'range', from, end: undefined }, { kind: 'range', names });
}

function operation(
  [calledAt, answeredAt = Number.POSITIVE_INFINITY]: readonly [number, number?],
  input: ChainInput,
  output: ChainOutput | undefined,
): ChainOperation {
  return { client: '', input, output, calledAt, answeredAt };
}

function isLinearizable(...operations: ChainOperation[]): boolean {
  return checkLinearizable(chainModel([first]), operations).isLinearizable;
}

describe('histories that can be', () => {
  test.each<[string, ...ChainOperation[]]>([
    ['nothing at all'],
    ['one after the other', append([0, 1], 'a1', 1), end([2, 3], 2), append([4, 5], 'b1', 2)],
    ['in the order of their answers', append([0, 9], 'a1', 2), append([1, 2], 'b1', 1)],
    ['read while it is appended: not yet there', append([0, 9], 'a1', 1), end([1, 2], 1)],
    ['read while it is appended: there', append([0, 9], 'a1', 1), end([1, 2], 2)],
    ['without an answer, never there', append([0], 'a1', undefined), end([5, 6], 1)],
    ['without an answer, and there', append([0], 'a1', undefined), end([5, 6], 2)],
    [
      'without an answer, there after others had looked',
      append([0], 'a1', undefined),
      end([5, 6], 1),
      append([7, 8], 'b1', 1),
      range([9, 10], 0, 'genesis', 'b1', 'a1'),
    ],
    [
      'refused, since another one was faster',
      append([0, 9], 'a1', 'chain_unchanged', [{ kind: 'chain_unchanged', since: 1 }]),
      append([1, 2], 'b1', 1),
    ],
    [
      'a condition on other writers holds against oneself',
      append([0, 1], 'a1', 1),
      append([2, 3], 'a2', 2, [{ kind: 'chain_unchanged', since: 1 }]),
    ],
    [
      'a condition on an object holds beside changes of others',
      append([0, 1], 'b2', 1),
      append([2, 3], 'a1', 2, [{ kind: 'key_unchanged', object: '1', since: 1 }]),
    ],
    [
      'one has the lease after the other, and each writes in its time',
      lock([0, 1], 5),
      append([2, 3], 'a1', 1, by(5)),
      lock([4, 5], 7),
      append([6, 7], 'b1', 2, by(7)),
      append([8, 9], 'a1', 'fence', by(5)),
    ],
    [
      'a late writer, whose append came before the lease was given to another',
      lock([0, 1], 5),
      append([2, 9], 'a1', 1, by(5)),
      lock([3, 4], 7),
    ],
    [
      'a lease that nobody saw end',
      lock([0, 1], 5),
      append([2, 3], 'a1', 1, by(5)),
      append([4, 5], 'a2', 'fence', by(5)),
    ],
    [
      'a lease that was given up while it was written by',
      lock([0, 1], 5),
      append([2, 6], 'a1', 1, by(5)),
      unlock([3, 4], 5),
    ],
    ['a token that nobody has', append([0, 1], 'a1', 'fence', by(5))],
    [
      'the last sequence that is not late',
      append([0, 1], 'a1', 1, [{ kind: 'lands_before', sequence: 2 }]),
    ],
  ])('%s', (_name, ...operations) => {
    expect(isLinearizable(...operations)).toBe(true);
  });
});

describe('histories that cannot be', () => {
  test.each<[string, ...ChainOperation[]]>([
    ['a stale read of the end', append([0, 1], 'a1', 1), end([2, 3], 1)],
    ['a stale read of a range', append([0, 1], 'a1', 1), range([2, 3], 0, 'genesis')],
    ['going back', append([0, 9], 'a1', 1), end([1, 2], 2), end([3, 4], 1)],
    ['reading what is not called yet', end([0, 1], 2), append([2, 3], 'a1', 1)],
    [
      'a lost append',
      append([0, 1], 'a1', 1),
      append([2, 3], 'b1', 2),
      range([4, 5], 0, 'genesis', 'b1'),
    ],
    ['a double append', append([0, 1], 'a1', 1), range([2, 3], 0, 'genesis', 'a1', 'a1')],
    ['a token that comes twice', lock([0, 1], 5), lock([2, 3], 5)],
    ['a token that is smaller than one before', lock([0, 1], 5), lock([2, 3], 4)],
    [
      'an older token after a newer one was given out',
      lock([0, 1], 5),
      lock([2, 3], 7),
      append([4, 5], 'a1', 1, by(5)),
    ],
    [
      'an older token after a newer one was used',
      lock([0, 1], 5),
      lock([2, 9], 7),
      append([3, 4], 'b1', 1, by(7)),
      append([5, 6], 'a1', 2, by(5)),
    ],
    [
      'a lease that was lost, and is held again',
      lock([0, 1], 5),
      append([2, 3], 'a1', 'fence', by(5)),
      append([4, 5], 'a2', 1, by(5)),
    ],
    [
      'a lease that was given up, and is held still',
      lock([0, 1], 5),
      unlock([2, 3], 5),
      append([4, 5], 'a1', 1, by(5)),
    ],
    [
      'a token that is used before it is given out',
      append([0, 1], 'a1', 1, by(5)),
      lock([2, 3], 5),
    ],
    ['one place for two', append([0, 1], 'a1', 1), append([0, 1], 'b1', 1)],
    [
      'without an answer, and there twice',
      append([0], 'a1', undefined),
      range([2, 3], 0, 'genesis', 'a1'),
      range([4, 5], 0, 'genesis', 'a1', 'a1'),
    ],
    [
      'without an answer, there and gone again',
      append([0], 'a1', undefined),
      end([2, 3], 2),
      end([4, 5], 1),
    ],
    [
      'a lost update: both see the same, and both are taken',
      append([0, 9], 'a1', 1, [{ kind: 'chain_unchanged', since: 1 }]),
      append([0, 9], 'b1', 2, [{ kind: 'chain_unchanged', since: 1 }]),
    ],
    [
      'a lost update of an object',
      append([0, 9], 'a1', 1, [{ kind: 'key_unchanged', object: '1', since: 1 }]),
      append([0, 9], 'b1', 2, [{ kind: 'key_unchanged', object: '1', since: 1 }]),
    ],
    [
      'refused for nothing',
      append([0, 1], 'a1', 'chain_unchanged', [{ kind: 'chain_unchanged', since: 1 }]),
    ],
    ['late, and taken', append([0, 1], 'a1', 1, [{ kind: 'lands_before', sequence: 1 }])],
    [
      'another order for each reader',
      append([0, 9], 'a1', 1),
      append([0, 9], 'b1', 2),
      range([1, 8], 0, 'genesis', 'b1'),
    ],
  ])('%s', (_name, ...operations) => {
    expect(isLinearizable(...operations)).toBe(false);
  });

  test('the operation that has no place is named', () => {
    const stale = end([4, 5], 1);
    const operations = [append([0, 1], 'a1', 1), end([2, 3], 2), stale];
    const verdict = checkLinearizable(chainModel([first]), operations);
    expect(verdict).toMatchObject({ isLinearizable: false, stuck: stale });
    expect(verdict).toHaveProperty('longest.length', 2);
  });
});

describe('appends without an answer', () => {
  const unknown = Array.from({ length: 40 }, (_, at) => append([at / 100], `a${at}`, undefined));
  const stored = ['genesis', ...Array.from({ length: 20 }, (_, at) => `a${at * 2}`)];

  test('are found in the chain as it is in the end, or had no effect', () => {
    const operations = [...unknown, end([1, 2], 5), end([3, 4], 9), range([5, 6], 0, ...stored)];
    const resolved = resolveUnknown(operations, stored);
    expect(resolved).toHaveLength(20 + 3);
    expect(checkLinearizable(chainModel([first]), resolved).isLinearizable).toBe(true);
  });

  test('are no excuse for going back, or for a double', () => {
    for (const wrong of [
      [...unknown, end([1, 2], 9), end([3, 4], 5), range([5, 6], 0, ...stored)],
      [...unknown, range([1, 2], 0, 'genesis', 'a0', 'a0'), range([5, 6], 0, ...stored)],
    ]) {
      const resolved = resolveUnknown(wrong, stored);
      expect(checkLinearizable(chainModel([first]), resolved).isLinearizable).toBe(false);
    }
  });
});

/** A register that is written and read. */
const register: Model<number, { write?: number }, number> = {
  initial: 0,
  keyOf: String,
  step: (state, { write }, output) => {
    if (write !== undefined) return write;
    return output === undefined || output === state ? state : undefined;
  },
};

test('the search agrees with trying every order', () => {
  const called = fc.record({
    write: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    output: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 8 }),
    calledAt: fc.nat(10),
    lasts: fc.nat(6),
  });
  const outcomes = new Set<boolean>();
  fc.assert(
    fc.property(fc.array(called, { maxLength: 6 }), (calls) => {
      const operations = calls.map(({ write, output, calledAt, lasts }) => ({
        client: '',
        input: write === undefined ? {} : { write },
        output,
        calledAt,
        answeredAt: output === undefined ? Number.POSITIVE_INFINITY : calledAt + lasts,
      }));
      const { isLinearizable } = checkLinearizable(register, operations);
      outcomes.add(isLinearizable);
      expect(isLinearizable).toBe(hasOrder(register.initial, operations));
    }),
    { numRuns: 2_000 },
  );
  expect(outcomes.size).toBe(2);
});

function hasOrder(state: number, rest: readonly Operation<{ write?: number }, number>[]): boolean {
  if (rest.length === 0) return true;
  return rest.some((operation) => {
    const isFirst = rest.every(
      (other) => other === operation || other.answeredAt >= operation.calledAt,
    );
    if (!isFirst) return false;
    const next = register.step(state, operation.input, operation.output);
    const others = rest.filter((other) => other !== operation);
    return next !== undefined && hasOrder(next, others);
  });
}

test('a history has what was answered and what may still be, and not what never was', async () => {
  const history = new History<string, number>();
  await history.record('c', 'answered', async () => ({ output: 1 }));
  await history.record('c', 'unknown', async () => 'unknown');
  await history.record('c', 'nothing', async () => 'nothing');
  expect(history.operations).toMatchObject([
    { input: 'answered', output: 1, answeredAt: expect.any(Number) },
    { input: 'unknown', output: undefined, answeredAt: Number.POSITIVE_INFINITY },
  ]);
});
