import { expect, test } from 'vitest';
import { WrappedKeys } from './wrapped-keys.ts';

const id = (fill: number) => Buffer.alloc(32, fill);
const [readKeyId, alice, bob, mallory, friend] = [1, 2, 3, 4, 5].map(id) as Buffer[] as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];
const given = (recipient: Buffer, fill = 9) => ({ readKeyId, recipient, wrapped: id(fill) });

test('whom the first event and those who were given it hand a read key to, and nobody else, have it', () => {
  const keys = new WrappedKeys();
  keys.try(given(mallory));
  expect(keys.holdersOf(readKeyId)).toEqual([]);
  keys.add([given(alice), given(bob)], [alice]);
  keys.add([given(mallory), given(alice, 0)], [mallory]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob]);
  expect(keys.all[0]?.wrapped).toEqual(id(9));
  keys.add([given(friend)], [mallory, bob]);
  keys.add([given(mallory)], [friend]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob, friend, mallory]);
});

test('what counted in another run counts on, and is not begun anew', () => {
  const keys = new WrappedKeys();
  keys.restore(given(alice));
  keys.add([given(mallory)], [mallory]);
  keys.add([given(bob)], [alice]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob]);
});
