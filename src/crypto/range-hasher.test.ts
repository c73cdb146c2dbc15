import { sha256 as noble } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { naiveRoot } from '../../test/support/naive-tree.ts';
import { batchEventsMax, runBytesMax } from '../bytes/index.ts';
import { HashInputs, hashTags, merkleRoot, RangeHasher } from './index.ts';
import { Sha256Lanes, sha256Lanes } from './sha256-lanes.ts';

const ways = [
  ['side by side', sha256Lanes],
  ['natively', () => undefined],
] as const;

/** The tagged hash by another implementation. */
function tagged(tag: string, ...parts: Uint8Array[]): Buffer {
  return Buffer.from(noble(Buffer.concat([Buffer.of(tag.length), Buffer.from(tag), ...parts])));
}

/** Inputs one behind the other, and the buffer that they lie in, with the hash that each expects behind it. */
function laidOut(parts: readonly (readonly [Buffer, Buffer])[], expected: readonly Buffer[] = []) {
  const inputs = new HashInputs();
  const pieces: Buffer[] = [];
  let at = 0;
  parts.forEach(([first, second], index) => {
    const hash = expected[index] ?? Buffer.alloc(0);
    const secondAt = at + first.length;
    const expectedAt = secondAt + second.length;
    inputs.add(at, first.length, secondAt, second.length, expectedAt);
    pieces.push(first, second, hash);
    at = expectedAt + hash.length;
  });
  return { inputs, source: Buffer.concat(pieces) };
}

const none = Buffer.alloc(0);
const filled = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 7) % 251));

test('this machine hashes side by side, so that these tests say something', () => {
  expect(sha256Lanes()).toBeInstanceOf(Sha256Lanes);
});

test('the module gives the published answers (FIPS 180-4 examples, CAVP SHA256ShortMsg)', () => {
  const answers = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['d3', '28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1'],
    ['11af', '5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98'],
    ['b4190e', 'dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2'],
    ['74ba2521', 'b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e'],
    [
      Buffer.from('abc').toString('hex'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    ],
    [
      Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq').toString('hex'),
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ] as const;
  const parts = answers.map(([input]) => [Buffer.from(input, 'hex'), none] as const);
  const { inputs, source } = laidOut(parts);
  const lanes = sha256Lanes() as Sha256Lanes;
  lanes.load({}, source, inputs.count);
  lanes.hash(none, inputs, []);
  const digests = lanes.digests(inputs.count).toString('hex');
  expect(digests).toBe(answers.map(([, digest]) => digest).join(''));
});

describe.each(ways)('hashed %s', (_, lanes) => {
  test('inputs of every length are as another implementation hashes them', () => {
    const lengths = Array.from({ length: 700 }, (_, length) => length);
    const parts = [...lengths, 4095, 4096, 4097].map(
      (length) => [filled(length), filled(length % 19)] as const,
    );
    const { inputs, source } = laidOut(parts);
    const digests = new RangeHasher(source, lanes).digests(hashTags.data, inputs);
    expect(digests).toEqual(Buffer.concat(parts.map((each) => tagged(hashTags.data, ...each))));
  });

  test('any inputs in any order are, and the first one that does not fit is found', () => {
    const bytes = (maxLength: number) =>
      fc.uint8Array({ maxLength }).map((all) => Buffer.from(all));
    const anyParts = fc.array(fc.tuple(bytes(600), bytes(40)), { maxLength: 40 });
    fc.assert(
      fc.property(anyParts, fc.nat(), fc.nat(31), (parts, some, byte) => {
        const hashes = parts.map((each) => tagged(hashTags.data, ...each));
        const { inputs, source } = laidOut(parts, hashes);
        const hasher = new RangeHasher(source, lanes);
        expect(hasher.digests(hashTags.data, inputs)).toEqual(Buffer.concat(hashes));
        expect(hasher.firstMisfit(hashTags.data, inputs)).toBe(-1);
        expect(hasher.firstMisfit(hashTags.seal, inputs)).toBe(parts.length === 0 ? -1 : 0);
        const leaves = parts.map((each) => Buffer.concat(each));
        expect(hasher.merkleRoot(inputs)).toEqual(naiveRoot(leaves));
        if (parts.length === 0) return;
        const wrong = some % parts.length;
        const expectedAt = inputs.numbers[wrong * 5 + 4] as number;
        source[expectedAt + byte] = (source[expectedAt + byte] as number) ^ 1;
        const again = new RangeHasher(source, lanes);
        expect(again.firstMisfit(hashTags.data, inputs)).toBe(wrong);
      }),
      { numRuns: 150 },
    );
  });

  test('trees of every small size have the root of their definition', () => {
    for (let size = 0; size <= 70; size += 1) {
      const leaves = Array.from({ length: size }, (_, index) => filled(index * 3));
      const { inputs, source } = laidOut(leaves.map((leaf) => [leaf, none] as const));
      const expected = naiveRoot(leaves);
      expect(new RangeHasher(source, lanes).merkleRoot(inputs)).toEqual(expected);
      expect(merkleRoot(leaves)).toEqual(expected);
    }
  });
});

test('two hashers in turn do not take each other’s memory for their own', () => {
  const make = (size: number, salt: number) =>
    laidOut(Array.from({ length: size }, (_, index) => [filled(index + salt), none] as const));
  const one = make(9, 1);
  const other = make(30, 5);
  const hashers = [one, other].map(({ source }) => new RangeHasher(source));
  const expected = [one, other].map(({ source, inputs }) =>
    new RangeHasher(source, () => undefined).digests(hashTags.data, inputs),
  );
  for (const turn of [0, 1, 0, 0, 1]) {
    const { inputs } = turn === 0 ? one : other;
    expect(hashers[turn]?.digests(hashTags.data, inputs)).toEqual(expected[turn]);
  }
  // More inputs of the same source than there was room for.
  const few = new HashInputs();
  for (let index = 0; index < 4; index += 1) few.add(0, index, 0, 0, 0);
  const hasher = new RangeHasher(other.source);
  hasher.digests(hashTags.data, few);
  expect(hasher.digests(hashTags.data, other.inputs)).toEqual(expected[1]);
});

test('the largest batch fits, and what is larger than the memory is hashed natively', () => {
  expect(Sha256Lanes.fits(runBytesMax, batchEventsMax)).toBe(true);
  for (const bytes of [runBytesMax, 12 * 1024 * 1024]) {
    const source = Buffer.alloc(bytes, 3);
    const inputs = new HashInputs();
    const count = Math.ceil(bytes / 1024);
    for (let index = 0; index < count; index += 1) inputs.add(bytes - 200 - index, 200, 0, 0, 0);
    const expected = tagged(hashTags.data, source.subarray(0, 200));
    const digests = new RangeHasher(source).digests(hashTags.data, inputs);
    expect(digests.subarray(0, 32)).toEqual(expected);
    expect(digests.subarray(-32)).toEqual(expected);
  }
});
