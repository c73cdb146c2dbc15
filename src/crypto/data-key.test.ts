import { gcm } from '@noble/ciphers/aes.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import {
  deriveDataKey,
  hashTags,
  isCommitment,
  openOnce,
  readKeyIdOf,
  sealOnce,
  sealOnceBytes,
} from './index.ts';

const readKey = Buffer.alloc(32, 1);
const random = Buffer.alloc(32, 2);
const context = Buffer.alloc(64, 3);
const derived = deriveDataKey(readKey, random, context);
const aad = Buffer.from('a chain and a header');
const text = Buffer.from('only for its readers');

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const tagged = (tag: string, ...parts: Buffer[]) =>
  Buffer.concat([Buffer.of(tag.length), Buffer.from(tag, 'ascii'), ...parts]);

describe('the key of a datum', () => {
  test('is what another implementation makes of the formula', () => {
    const info = tagged('atedb/v1/data-key', context);
    const output = hkdf(sha256, readKey, random, info, 64);
    expect(hex(derived.key)).toBe(hex(output.subarray(0, 32)));
    expect(hex(derived.commitment)).toBe(hex(output.subarray(32)));
    expect(hex(readKeyIdOf(readKey))).toBe(hex(sha256(tagged('atedb/v1/read-key', readKey))));
  });

  test('is the one that is written down here', () => {
    expect(hex(readKeyIdOf(readKey))).toBe(
      '3d124be534f1ec7983df05690fea61c0ef8306fdb4945efd050ba42d63eb363b',
    );
    expect(hex(derived.key)).toBe(
      'e0b32865734f106d30e9e5fc835d4481889381015c84b986579fb99e076ee172',
    );
    expect(hex(derived.commitment)).toBe(
      '0ebc048f71d46e71d81fcb86c8cdc429375d21e889cee1f6db233eed6ed68b33',
    );
    expect(hex(sealOnce(derived.key, aad, text))).toBe(
      '56911378390d14e886feeacd475722ee3d6a23836909611b76fc84cad74296cb33aa9155',
    );
  });

  test('is another for any other input', () => {
    const other = Buffer.alloc(32, 9);
    const all = [
      derived,
      deriveDataKey(other, random, context),
      deriveDataKey(readKey, other, context),
      deriveDataKey(readKey, random, Buffer.alloc(64, 9)),
      deriveDataKey(readKey, random, Buffer.alloc(63, 3)),
    ].flatMap(({ key, commitment }) => [hex(key), hex(commitment)]);
    expect(new Set(all).size).toBe(all.length);
  });

  test('of a read key or random bytes of another length is a defect', () => {
    for (const wrong of [Buffer.alloc(0), Buffer.alloc(31), Buffer.alloc(33)]) {
      expect(() => deriveDataKey(wrong, random, context)).toThrow(/read key is 32 bytes/);
      expect(() => deriveDataKey(readKey, wrong, context)).toThrow(/32 random bytes/);
      expect(() => readKeyIdOf(wrong)).toThrow(/read key is 32 bytes/);
    }
  });

  test('has a tag that no hash has', () => {
    const tags = Object.values(hashTags);
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe('a commitment', () => {
  test('holds for itself alone', () => {
    const { commitment } = derived;
    expect(isCommitment(commitment, Buffer.from(commitment))).toBe(true);
    for (const at of [0, 15, 31]) {
      const other = Buffer.from(commitment);
      other[at] = (other[at] as number) ^ 1;
      expect(isCommitment(commitment, other)).toBe(false);
    }
    expect(isCommitment(commitment, commitment.subarray(1))).toBe(false);
    expect(isCommitment(commitment, Buffer.alloc(0))).toBe(false);
  });
});

describe('what is sealed once', () => {
  const sealed = sealOnce(derived.key, aad, text);

  test('is AES-256-GCM with the nonce zero, and opens', () => {
    const theirs = gcm(derived.key, Buffer.alloc(12), aad);
    expect(hex(sealed)).toBe(hex(theirs.encrypt(text)));
    expect(sealed.length).toBe(text.length + sealOnceBytes);
    expect(openOnce(derived.key, aad, sealed)).toEqual(text);
    const nothing = sealOnce(derived.key, aad, Buffer.alloc(0));
    expect(openOnce(derived.key, aad, nothing)).toEqual(Buffer.alloc(0));
  });

  test('does not open with another key or AAD, or where it was changed or cut', () => {
    expect(openOnce(derived.commitment, aad, sealed)).toBeUndefined();
    expect(openOnce(derived.key, Buffer.concat([aad, aad]), sealed)).toBeUndefined();
    expect(openOnce(derived.key, Buffer.alloc(0), sealed)).toBeUndefined();
    for (let at = 0; at < sealed.length; at += 1) {
      const other = Buffer.from(sealed);
      other[at] = (other[at] as number) ^ 0x10;
      expect(openOnce(derived.key, aad, other)).toBeUndefined();
      expect(openOnce(derived.key, aad, sealed.subarray(0, at))).toBeUndefined();
    }
    expect(openOnce(derived.key, aad, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined();
  });
});
