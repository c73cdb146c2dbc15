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

const suite = ephemeralKems.mlkem768X25519;
const nist = readVectors<{ tests: GcmVector[] }>('nist-aes-gcm', { tests: 75 }).tests;
const wycheproof = readVectors<{ aesGcm: GcmVector[]; hkdf: HkdfVector[] }>(
  'wycheproof-symmetric',
  { aesGcm: 66, hkdf: 23 },
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
}>('wycheproof-kem', { x25519: 77, decapsulate: 5, badKeys: 6 });

test('there are good vectors and bad ones of each', () => {
  const byResult = ({ result }: { result: string }) => result;
  expect(countBy(nist, byResult)).toEqual({ valid: 50, invalid: 25 });
  expect(countBy(wycheproof.aesGcm, byResult)).toEqual({ valid: 39, invalid: 27 });
  expect(countBy(wycheproof.hkdf, byResult)).toEqual({ valid: 20, invalid: 3 });
  const byZero = ({ flags }: { flags: string[] }) => flags.includes('ZeroSharedSecret');
  expect(countBy(kem.x25519, byZero)).toEqual({ false: 46, true: 31 });
});

describe.each([nativeProvider, portableProvider])('$name', (provider) => {
  beforeEach(() => chooseProvider(provider.name));
  afterEach(() => chooseProvider('native'));

  test.each([
    ['NIST', nist],
    ['Wycheproof', wycheproof.aesGcm],
  ])('AES-256-GCM: %s', (_, vectors) => {
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

  test('ML-KEM-768: Wycheproof', () => {
    for (const { tcId, seed, ek, c, K } of kem.decapsulate) {
      const key = provider.mlkemKey('mlkem768', fromHex(seed));
      expect(key.publicKey.equals(fromBase64(ek)), `${tcId}`).toBe(true);
      expect(key.decapsulate(fromBase64(c)).toString('hex'), `${tcId}`).toBe(K);
    }
  });

  test('a key of ML-KEM-768 whose coefficients are too large is refused before, and by each', () => {
    const { publicKey: x25519 } = provider.agreeingKey('x25519', Buffer.alloc(32, 1));
    for (const { tcId, ek } of kem.badKeys) {
      const key = fromBase64(ek);
      expect(kemKeyFault(suite, Buffer.concat([key, x25519])), `${tcId}`).toMatch(/coefficient/);
      expect(() => provider.mlkemEncapsulate('mlkem768', key), `${tcId}`).toThrow();
    }
  });
});
