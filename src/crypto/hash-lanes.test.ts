import { hash, randomBytes } from 'node:crypto';
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { HashLanes, laneBytesMax } from './hash-lanes.ts';

function expectHashes(inputs: readonly Buffer[], prefix: Buffer): void {
  const lanes = new HashLanes(Buffer.concat(inputs), inputs.length);
  let start = 0;
  for (const { length } of inputs) {
    const first = Math.floor(length / 3);
    lanes.add(start, first, start + first, length - first);
    start += length;
  }
  lanes.hash(prefix);
  for (const [index, input] of inputs.entries()) {
    const all = Buffer.concat([prefix, input]);
    expect(lanes.hashAt(index)).toEqual(hash('sha256', all, 'buffer'));
    expect(lanes.hashAt(index)).toEqual(Buffer.from(noble(all)));
  }
}

test('the examples of FIPS 180-4 and of NIST have their hashes', () => {
  const messages = [
    '',
    'abc',
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
  ].map((text) => Buffer.from(text));
  const lanes = new HashLanes(Buffer.concat(messages), 4);
  let start = 0;
  for (const { length } of messages) {
    lanes.add(start, length);
    start += length;
  }
  lanes.hash(Buffer.alloc(0));
  expect([0, 1, 2, 3].map((index) => lanes.hashAt(index).toString('hex'))).toEqual([
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  ]);
});

test('inputs of every length, side by side with others of other lengths', () => {
  const lengths = Array.from({ length: laneBytesMax + 1 }, (_, length) => length);
  expectHashes(
    lengths.map((length) => randomBytes(length)),
    Buffer.from('a prefix'),
  );
  // Neighbours that differ much: a lane that is through must not disturb the others.
  expectHashes(
    [512, 0, 511, 1, 0, 512, 55, 56, 64].map((length) => randomBytes(length)),
    randomBytes(256),
  );
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('%i inputs', (count) => {
  expectHashes(
    Array.from({ length: count }, () => randomBytes(100)),
    Buffer.of(0),
  );
});

test('the first hash that is another than expected is found', () => {
  const inputs = Array.from({ length: 9 }, () => randomBytes(50));
  const hashes = inputs.map((input) => hash('sha256', input, 'buffer'));
  for (let wrong = -1; wrong < 9; wrong += 1) {
    const due = hashes.map((value, index) => (index === wrong ? randomBytes(32) : value));
    const lanes = new HashLanes(Buffer.concat([...inputs, ...due]), 9);
    for (let index = 0; index < 9; index += 1) {
      lanes.add(index * 50, 50, 0, 0, 9 * 50 + index * 32);
    }
    lanes.hash(Buffer.alloc(0));
    expect(lanes.firstOther()).toBe(wrong === -1 ? undefined : wrong);
  }
});

test('an input beyond its limit, out of range or one too many is refused', () => {
  const lanes = new HashLanes(Buffer.alloc(1000), 1);
  expect(() => lanes.add(0, laneBytesMax + 1)).toThrow(RangeError);
  expect(() => lanes.add(0, laneBytesMax, 0, 1)).toThrow(RangeError);
  expect(() => lanes.add(990, 11)).toThrow(RangeError);
  lanes.add(0, laneBytesMax);
  expect(() => lanes.add(0, 1)).toThrow(RangeError);
});

test('the memory grows to what a largest batch needs', () => {
  const input = randomBytes(256);
  const lanes = new HashLanes(Buffer.concat(Array(14_000).fill(input)), 14_000);
  for (let index = 0; index < 14_000; index += 1) lanes.add(index * 256, 256);
  lanes.hash(Buffer.alloc(0));
  expect(lanes.hashAt(13_999)).toEqual(hash('sha256', input, 'buffer'));
});
