import { describe, expect, test, vi } from 'vitest';
import { KeyPair, readKeyBytes, readKeyIdOf, sealTo } from '../crypto/index.ts';
import { ReadKeys } from './read-keys.ts';
import { WrappedKeys, wrapContext } from './wrapped-keys.ts';

const id = (fill: number) => Buffer.alloc(32, fill);
const [readKeyId, alice, bob, mallory, friend] = [1, 2, 3, 4, 5].map(id) as Buffer[] as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const given = (recipient: Buffer, fill = 9) => ({ readKeyId, recipient, wrapped: id(fill) });
const namedByNone = () => new Set<string>();

/** Have a key begin so many read keys, each handed out to itself. */
function flood(keys: WrappedKeys, by: Buffer, count: number, from = 0): void {
  for (let number = from; number < from + count; number += 1) {
    const other = Buffer.from(by);
    other.writeUInt32BE(number);
    keys.add([{ readKeyId: other, recipient: by, wrapped: id(8) }], [by]);
  }
}

/** The same, as another run has them. */
function inAnotherRun(keys: WrappedKeys, named = namedByNone): WrappedKeys {
  const later = new WrappedKeys(named);
  later.restore(keys.begun, keys.counting);
  return later;
}

test('whom the first event and those who were given it hand a read key to, and nobody else, have it', () => {
  const keys = new WrappedKeys(namedByNone);
  keys.try(given(mallory), mallory);
  expect(keys.holdersOf(readKeyId)).toEqual([]);
  keys.add([given(alice), given(bob)], [alice]);
  keys.add([given(mallory), given(alice, 0)], [mallory]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob]);
  expect([...keys.counting][0]?.wrapped).toEqual(id(9));
  keys.add([given(friend)], [mallory, bob]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob, friend]);
  keys.add([given(mallory)], [friend]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob, friend, mallory]);
});

test('what counted in another run counts on, and is not begun anew', () => {
  const before = new WrappedKeys(namedByNone);
  before.add([given(alice)], [alice]);
  const keys = inAnotherRun(before);
  keys.add([given(mallory)], [mallory]);
  keys.add([given(bob)], [alice]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob]);
});

describe('of much', () => {
  test('whoever says the most loses his oldest, and nobody else anything', () => {
    const keys = new WrappedKeys(namedByNone);
    keys.add([given(alice), given(bob)], [alice]);
    flood(keys, mallory, 70_000);
    for (const run of [keys, inAnotherRun(keys)]) {
      expect(run.holdersOf(readKeyId)).toEqual([alice, bob]);
      expect([...run.counting].length).toBeLessThanOrEqual(16_384);
      expect(run.begun.length).toBeLessThanOrEqual(65_536);
      // What is new counts all the same.
      run.add([{ readKeyId: friend, recipient: friend, wrapped: id(7) }], [friend]);
      expect(run.holdersOf(friend)).toEqual([friend]);
    }
  });

  test('a read key of which nothing is kept any more has begun all the same', () => {
    const keys = new WrappedKeys(namedByNone);
    keys.add([given(alice)], [alice]);
    flood(keys, alice, 20_000);
    expect(keys.holdersOf(readKeyId)).toEqual([]);
    for (const run of [keys, inAnotherRun(keys)]) {
      run.add([given(mallory)], [mallory]);
      expect(run.holdersOf(readKeyId)).toEqual([]);
    }
  });

  test('one that a rule names never begins anew, whatever its giver has begun since', () => {
    const named = () => new Set([readKeyId.toString('hex')]);
    for (const [rules, due] of [
      [named, []],
      // So that it is known that it would be forgotten.
      [namedByNone, [mallory]],
    ] as const) {
      const keys = new WrappedKeys(rules);
      keys.add([given(alice)], [alice]);
      flood(keys, alice, 70_000);
      for (const run of [keys, inAnotherRun(keys, rules)]) {
        run.add([given(mallory)], [mallory]);
        expect(run.holdersOf(readKeyId)).toEqual(due);
      }
    }
  });

  test('rules that name more than are kept are asked for once in some thousand, and keep all', () => {
    const names = new Set<string>();
    let asked = 0;
    const keys = new WrappedKeys(() => {
      asked += 1;
      for (const { readKeyId: begun } of keys.begun) names.add(begun);
      return names;
    });
    flood(keys, alice, 75_000);
    expect(keys.begun).toHaveLength(75_000);
    expect(asked).toBe(2);
  });
});

describe('opening', () => {
  const chainId = id(6);
  const own = KeyPair.generate();
  const { publicKey } = own;
  const readKey = Buffer.alloc(readKeyBytes, 3);
  const opensTo = readKeyIdOf(readKey);
  const sealed = (content: Buffer) => ({
    readKeyId: opensTo,
    recipient: publicKey.fingerprint,
    wrapped: sealTo(publicKey, wrapContext(chainId, opensTo, publicKey.fingerprint), content),
  });

  function counted(wrapped: WrappedKeys) {
    const open = vi.spyOn(own, 'openSealed');
    open.mockClear();
    const keys = new ReadKeys(wrapped, async () => [KeyPair.generate(), own]);
    return { attempts: () => open.mock.calls.length, find: () => keys.find(opensTo, chainId) };
  }

  test('what is not the key is tried once each, until another one comes', async () => {
    const wrapped = new WrappedKeys(namedByNone);
    const { attempts, find } = counted(wrapped);
    wrapped.add([sealed(Buffer.alloc(readKeyBytes, 4))], [alice]);
    wrapped.try({ ...sealed(readKey), wrapped: id(1) }, mallory);
    for (let event = 0; event < 100; event += 1) expect(await find()).toBeUndefined();
    expect(attempts()).toBe(2);
    wrapped.add([{ ...sealed(readKey), recipient: bob }], [alice]);
    expect(await find()).toBeUndefined();
    expect(attempts()).toBe(2);
    wrapped.add([sealed(readKey)], [alice, publicKey.fingerprint]);
    for (let event = 0; event < 100; event += 1) expect(await find()).toEqual(readKey);
    expect(attempts()).toBe(3);
  });

  test('what is for others is not tried, and who they are is put together once', async () => {
    const wrapped = new WrappedKeys(namedByNone);
    const { attempts, find } = counted(wrapped);
    const one = sealed(readKey);
    const forOthers = Array.from({ length: 10_000 }, (_, number) => {
      const recipient = Buffer.from(bob);
      recipient.writeUInt32BE(number);
      return { ...one, recipient };
    });
    wrapped.add(forOthers, [alice]);
    expect(await find()).toBeUndefined();
    expect(attempts()).toBe(0);
    const holders = wrapped.holdersOf(opensTo);
    expect(holders).toHaveLength(10_000);
    expect(wrapped.holdersOf(opensTo)).toBe(holders);
    wrapped.add([{ ...sealed(readKey), recipient: friend }], [holders[0] as Buffer]);
    expect(wrapped.holdersOf(opensTo)).toHaveLength(10_001);
  });

  test('a key that was made here is never forgotten', async () => {
    const keys = new ReadKeys(new WrappedKeys(namedByNone), async () => []);
    keys.know(readKey);
    expect(await keys.find(opensTo, chainId)).toEqual(readKey);
  });
});
