import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError } from '../bytes/index.ts';
import { type LockHolder, LockTable, locksMax } from './lock-table.ts';

const key = (byte: number) => Buffer.alloc(16, byte);
const wait = { noWait: false };

/** Rising tokens, each given after a turn. */
function countedTokens() {
  let last = 0;
  return {
    async take() {
      last += 1;
      return last;
    },
  };
}

class Holder implements LockHolder {
  token: number | undefined;
  error: unknown;
  hasRight = true;

  checkRight(): void {
    if (!this.hasRight) throw new AtedbError('KEY_NOT_ALLOWED', 'not any more');
  }

  granted(token: number): void {
    expect(this.token).toBeUndefined();
    this.token = token;
  }

  lost(error: unknown): void {
    expect(this.error).toBeUndefined();
    this.error = error;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('whatever happens, one holds an object, in the order of the wishes, with rising tokens', async () => {
  const step = fc.record({
    kind: fc.constantFrom('enter', 'enter', 'leave', 'lose right', 'turn'),
    object: fc.nat({ max: 2 }),
    who: fc.nat({ max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const table = new LockTable(countedTokens());
      const queues = new Map<number, Holder[]>([0, 1, 2].map((object) => [object, []]));
      const tokens: number[][] = [[], [], []];
      const check = () => {
        for (const [object, queue] of queues) {
          for (const [place, holder] of queue.entries()) {
            const { token } = holder;
            if (token === undefined) continue;
            expect(place).toBe(0);
            expect(table.holds({ primaryKey: key(object), token })).toBe(true);
            const given = tokens[object] as number[];
            if (!given.includes(token)) given.push(token);
          }
        }
        for (const given of tokens) expect(given).toEqual([...given].sort((a, b) => a - b));
        expect(table.count).toBe([...queues.values()].flat().length);
      };
      for (const { kind, object, who } of steps) {
        const queue = queues.get(object) as Holder[];
        const holder = queue[who % Math.max(1, queue.length)];
        if (kind === 'turn') await turn();
        else if (kind === 'enter') {
          const fresh = new Holder();
          expect(table.enter(key(object), fresh, wait)).toBe(queue.length);
          queue.push(fresh);
        } else if (holder !== undefined) {
          const { token } = holder;
          if (kind === 'leave') table.leave(holder);
          else {
            holder.hasRight = false;
            table.recheck();
            expect(holder.error).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
          }
          queue.splice(queue.indexOf(holder), 1);
          if (token !== undefined) {
            expect(table.holds({ primaryKey: key(object), token })).toBe(false);
          }
        }
        check();
      }
      await turn();
      check();
      for (const [holder] of queues.values()) if (holder) expect(holder.token).toBeDefined();
    }),
    { numRuns: rounds({ short: 200, long: 5_000 }) },
  );
});

test('who leaves while his token is made holds nothing, and the next one does', async () => {
  const table = new LockTable(countedTokens());
  const [first, second] = [new Holder(), new Holder()];
  table.enter(key(1), first, wait);
  table.enter(key(1), second, wait);
  table.leave(first);
  await turn();
  expect(first.token).toBeUndefined();
  expect(second.token).toBeDefined();
  expect(first.error).toBeUndefined();
});

test('a right that is lost where nobody looked is found missing when the lease is to count', async () => {
  const table = new LockTable(countedTokens());
  const holder = new Holder();
  table.enter(key(1), holder, wait);
  await turn();
  const token = holder.token as number;
  expect(table.holds({ primaryKey: key(1), token })).toBe(true);
  expect(table.holds({ primaryKey: key(2), token })).toBe(false);
  expect(table.holds({ primaryKey: key(1), token: token + 1 })).toBe(false);
  holder.hasRight = false;
  expect(table.holds({ primaryKey: key(1), token })).toBe(false);
  expect(holder.error).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect(() => table.enter(key(1), holder, wait)).toThrow('not any more');
});

test('as many as the limit hold or wait, and one more is refused', async () => {
  const table = new LockTable(countedTokens());
  for (let count = 0; count < locksMax; count += 1) table.enter(key(count % 2), new Holder(), wait);
  expect(() => table.enter(key(9), new Holder(), wait)).toThrow(
    expect.objectContaining({
      reason: 'TOO_MANY_LOCKS',
      metadata: { limit_locks: String(locksMax) },
    }),
  );
  expect(table.count).toBe(locksMax);
});

test('a token that can not be made is told to whoever was to have it, and the next one has his turn', async () => {
  let isBroken = true;
  const table = new LockTable({
    take: async () => {
      if (isBroken) throw new AtedbError('STORAGE_FAILED', 'no space');
      return 1;
    },
  });
  const [first, second] = [new Holder(), new Holder()];
  table.enter(key(1), first, wait);
  await turn();
  expect(first.error).toMatchObject({ reason: 'STORAGE_FAILED' });
  isBroken = false;
  table.enter(key(1), second, { noWait: true });
  await turn();
  expect(second.token).toBe(1);
});

test('when all end, none is granted by the end of another', async () => {
  const table = new LockTable(countedTokens());
  const holders = [new Holder(), new Holder(), new Holder()];
  for (const holder of holders) table.enter(key(1), holder, wait);
  await turn();
  const over = new Error('over');
  table.end(over);
  await turn();
  expect(holders.map(({ error }) => error)).toEqual([over, over, over]);
  expect(holders.map(({ token }) => token !== undefined)).toEqual([true, false, false]);
  expect(table.count).toBe(0);
});
