import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countBy, fromBase64, fromHex, readVectors } from '../../test/support/vectors.ts';
import { chooseProvider } from './current-provider.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { kemKeyFault } from './kem-key.ts';
import { ephemeralKems } from './kem-suites.ts';
import { nativeProvider } from './native-provider.ts';
import { portableProvider } from './portable-provider.ts';

// Each published vector on both providers.

interface GcmVector {
  tcId?: number;
  key: string;
  iv: string;
  aad: string;
  msg: string | null;
  ct: string;
  tag: string;
  result: string;
}

interface HkdfVector {
  tcId: number;
  ikm: string;
  salt: string;
  info: string;
  size: number;
  okm: string;
  result: string;
}

const nist = readVectors<{ tests: GcmVector[] }>('nist-aes-gcm', { tests: 225 }).tests;
const wycheproof = readVectors<{ aesGcm: GcmVector[]; hkdf: HkdfVector[] }>(
  'wycheproof-symmetric',
  { aesGcm: 97, hkdf: 23 },
);
const rfc5869 = readVectors<{
  tests: { ikm: string; salt: string; info: string; l: string; prk: string; okm: string }[];
}>('rfc5869-hkdf', { tests: 3 }).tests;
const argon2 = readVectors<{
  tests: {
    pass: string;
    salt: string;
    memoryKib: number;
    passes: number;
    lanes: number;
    length: number;
    output: string;
  }[];
}>('argon2id', { tests: 4 }).tests;
const kem = readVectors<{
  x25519: { tcId: number; flags: string[]; public: string; private: string; shared: string }[];
  decapsulate: { tcId: number; seed: string; ek: string; c: string; K: string; result: string }[];
  badKeys: { tcId: number; ek: string }[];
  decapsulate1024: { tcId: number; seed: string; ek: string; c: string; K: string }[];
  badKeys1024: { tcId: number; ek: string }[];
  p384: { tcId: number; public: string; private: string; shared: string; result: string }[];
}>('wycheproof-kem', {
  ...{ x25519: 77, decapsulate: 5, badKeys: 6 },
  ...{ p384: 52, decapsulate1024: 5, badKeys1024: 3 },
});
const { mlkem768X25519, mlkem1024P384 } = ephemeralKems;
const mlkems = [
  { mlkem: 'mlkem768', suite: mlkem768X25519, good: kem.decapsulate, bad: kem.badKeys },
  { mlkem: 'mlkem1024', suite: mlkem1024P384, good: kem.decapsulate1024, bad: kem.badKeys1024 },
] as const;

test('there are good vectors and bad ones of each', () => {
  const byResult = ({ result }: { result: string }) => result;
  expect(countBy(nist, byResult)).toEqual({ valid: 150, invalid: 75 });
  expect(countBy(wycheproof.aesGcm, byResult)).toEqual({ valid: 58, invalid: 39 });
  expect(countBy(wycheproof.hkdf, byResult)).toEqual({ valid: 20, invalid: 3 });
  const byZero = ({ flags }: { flags: string[] }) => flags.includes('ZeroSharedSecret');
  expect(countBy(kem.x25519, byZero)).toEqual({ false: 46, true: 31 });
  expect(countBy(kem.p384, byResult)).toEqual({ valid: 33, invalid: 18, acceptable: 1 });
  const byBits = ({ key }: { key: string }) => key.length * 4;
  expect(countBy(nist, byBits)).toEqual({ 128: 75, 192: 75, 256: 75 });
  expect(countBy(wycheproof.aesGcm, byBits)).toEqual({ 128: 17, 192: 14, 256: 66 });
});

describe.each([nativeProvider, portableProvider])('$name', (provider) => {
  beforeEach(() => chooseProvider(provider.name));
  afterEach(() => chooseProvider('native'));

  test.each([
    ['NIST', nist],
    ['Wycheproof', wycheproof.aesGcm],
  ])('AES-GCM of 128, 192 and 256 bits: %s', (_, vectors) => {
    vectors.forEach((vector, index) => {
      const input = {
        key: fromHex(vector.key),
        nonce: fromHex(vector.iv),
        aad: fromHex(vector.aad),
      };
      const sealed = Buffer.concat([fromHex(vector.ct), fromHex(vector.tag)]);
      const opened = provider.aesGcmOpen(input, sealed);
      const told = `${vector.tcId ?? index}`;
      if (vector.result === 'invalid') {
        expect(opened, told).toBeUndefined();
      } else {
        const text = fromHex(vector.msg as string);
        expect(opened, told).toEqual(text);
        expect(provider.aesGcmSeal(input, text), told).toEqual(sealed);
      }
    });
  });

  test('HKDF: RFC 5869', () => {
    for (const { ikm, salt, info, l, prk, okm } of rfc5869) {
      const key = hkdfExtract(fromHex(salt), fromHex(ikm));
      expect(key.toString('hex')).toBe(prk);
      expect(hkdfExpand(key, fromHex(info), Number(l)).toString('hex')).toBe(okm);
      const input = { keyMaterial: fromHex(ikm), salt: fromHex(salt), info: fromHex(info) };
      expect(provider.hkdfSha256(input, Number(l)).toString('hex')).toBe(okm);
    }
  });

  test('HKDF: Wycheproof', () => {
    for (const { tcId, ikm, salt, info, size, okm, result } of wycheproof.hkdf) {
      const key = hkdfExtract(fromHex(salt), fromHex(ikm));
      const expand = () => hkdfExpand(key, fromHex(info), size);
      if (result === 'invalid') expect(expand, `${tcId}`).toThrow(/at most 8160 bytes/);
      else expect(expand().toString('hex'), `${tcId}`).toBe(okm);
    }
  });

  test('Argon2id', async () => {
    for (const { pass, salt, output, ...costs } of argon2) {
      const input = { passphrase: fromHex(pass), salt: fromHex(salt), ...costs };
      expect((await provider.argon2id(input)).toString('hex')).toBe(output);
    }
  });

  test('X25519: Wycheproof, but that what is common is never zero', () => {
    for (const { tcId, flags, public: publicKey, private: secret, shared } of kem.x25519) {
      const found = provider.agreeingKey('x25519', fromHex(secret)).agree(fromHex(publicKey));
      const isZero = flags.includes('ZeroSharedSecret');
      expect(found?.toString('hex'), `${tcId}`).toBe(isZero ? undefined : shared);
    }
  });

  test('P-384: Wycheproof, but that compressed points are none', () => {
    for (const { tcId, public: publicKey, private: secret, shared, result } of kem.p384) {
      // Written as DER's integers: with a zero before them, or shorter.
      const scalar = fromHex(secret.padStart(96, '0').slice(-96));
      const found = provider.agreeingKey('p384', scalar).agree(fromHex(publicKey));
      expect(found?.toString('hex'), `${tcId}`).toBe(result === 'valid' ? shared : undefined);
    }
  });

  test.each(mlkems)('$mlkem: Wycheproof', ({ mlkem, good }) => {
    for (const { tcId, seed, ek, c, K } of good) {
      const key = provider.mlkemKey(mlkem, fromHex(seed));
      expect(key.publicKey.equals(fromBase64(ek)), `${tcId}`).toBe(true);
      expect(key.decapsulate(fromBase64(c)).toString('hex'), `${tcId}`).toBe(K);
    }
  });

  test.each(mlkems)(
    'a key of $mlkem whose coefficients are too large is refused before, and by each',
    ({ suite, bad }) => {
      const secret = Buffer.alloc(suite.parts.curveSecret, 1);
      const { publicKey } = provider.agreeingKey(suite.curve, secret);
      for (const { tcId, ek } of bad) {
        const key = fromBase64(ek);
        expect(kemKeyFault(suite, Buffer.concat([key, publicKey])), `${tcId}`).toMatch(
          /coefficient/,
        );
        expect(() => provider.mlkemEncapsulate(suite.mlkem, key), `${tcId}`).toThrow();
      }
    },
  );
});
