import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashTags, sha256, signatureContexts, taggedHash } from './index.ts';

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  // Around the size from which on inputs are no longer put together.
  fc.integer({ min: 4000, max: 4200 }).map((length) => new Uint8Array(length).fill(length)),
);

test('SHA-256 gives the published answers (FIPS 180-4 examples)', () => {
  const answers = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ] as const;
  for (const [text, answer] of answers) {
    expect(sha256(Buffer.from(text)).toString('hex')).toBe(answer);
  }
});

describe('a tagged hash', () => {
  test('is that of length, tag and parts, whatever their sizes', () => {
    const tags = fc.constantFrom(...Object.values(hashTags));
    fc.assert(
      fc.property(tags, fc.array(contents, { maxLength: 4 }), (tag, inputs) => {
        const parts = inputs.map((input) => Buffer.from(input));
        const expected = createHash('sha256')
          .update(Buffer.of(tag.length))
          .update(tag, 'ascii')
          .update(Buffer.concat(parts))
          .digest();
        expect(taggedHash(tag, ...parts)).toEqual(expected);
      }),
    );
  });

  test('differs by tag, and from one whose tag has eaten input', () => {
    const input = Buffer.from('/v1');
    expect(taggedHash('atedb', input)).not.toEqual(taggedHash('other', input));
    expect(taggedHash('atedb', input)).not.toEqual(taggedHash('atedb/v1'));
  });

  test('is not changed by the next one', () => {
    const first = taggedHash(hashTags.data, Buffer.from('one'));
    const copy = Buffer.from(first);
    taggedHash(hashTags.data, Buffer.from('two'));
    expect(first).toEqual(copy);
  });

  test.each(['', 'é', 'x'.repeat(256)])('with the tag %j is a defect', (tag) => {
    expect(() => taggedHash(tag)).toThrow(/the tag/);
  });
});

test.each([
  ['hash tags', Object.values(hashTags)],
  ['signature contexts', Object.values(signatureContexts)],
])('%s are of one form, and used for one thing each', (_, tags) => {
  expect(tags.length).toBeGreaterThan(0);
  expect(new Set(tags).size).toBe(tags.length);
  for (const tag of tags) expect(tag).toMatch(/^atedb\/v1\/[a-z-]+$/);
});
