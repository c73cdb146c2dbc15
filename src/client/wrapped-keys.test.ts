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
  keys.restore([readKeyId.toString('hex')], [given(alice)]);
  keys.add([given(mallory)], [mallory]);
  keys.add([given(bob)], [alice]);
  expect(keys.holdersOf(readKeyId)).toEqual([alice, bob]);
});

test('who pushes out all that was said of a read key does not become its reader, also in another run', () => {
  const keys = new WrappedKeys();
  keys.add([given(alice)], [alice]);
  for (let number = 0; number < 16_384; number += 1) {
    const other = Buffer.alloc(32, 7);
    other.writeUInt32BE(number);
    keys.add([{ readKeyId: other, recipient: mallory, wrapped: id(8) }], [mallory]);
  }
  expect(keys.holdersOf(readKeyId)).toEqual([]);
  const later = new WrappedKeys();
  later.restore(keys.known, keys.all);
  for (const run of [keys, later]) {
    run.add([given(mallory)], [mallory]);
    expect(run.holdersOf(readKeyId)).toEqual([]);
    // Nor does anybody else, whoever hands it out again: it takes a new one.
    run.add([given(alice)], [alice]);
    expect(run.holdersOf(readKeyId)).toEqual([]);
    const next = { ...given(alice), readKeyId: id(6) };
    run.add([next], [alice]);
    expect(run.holdersOf(next.readKeyId)).toEqual([alice]);
  }
});
