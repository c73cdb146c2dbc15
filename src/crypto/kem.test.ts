import { ml_kem768_x25519, ml_kem1024_p384 } from '@noble/post-quantum/hybrid.js';
import fc from 'fast-check';
import * as hpke from 'hpke';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { fromHex as hex, readVectors } from '../../test/support/vectors.ts';
import { chooseProvider } from './current-provider.ts';
import { hpkeKeys, hpkeOpen, hpkeSeal } from './hpke.ts';
import { KeyPair, kemMlkem768X25519, kemSuite, PublicKey, sealedToBytes, sealTo } from './index.ts';
import { encapsulateTo, KemPrivateKey } from './kem.ts';
import { kemKeyFault } from './kem-key.ts';
import { ephemeralKems } from './kem-suites.ts';
import { nativeProvider } from './native-provider.ts';

interface Vectors {
  kem: {
    kem_id: number;
    skRm: string;
    pkRm: string;
    ikmE: string;
    enc: string;
    shared_secret: string;
  }[];
  keySchedule: {
    kem_id: number;
    kdf_id: number;
    aead_id: number;
    info: string;
    shared_secret: string;
    key: string;
    base_nonce: string;
    encryptions: { aad: string; ct: string; pt: string }[];
  }[];
}

const vectors = readVectors<Vectors>('hpke', { kem: 3, keySchedule: 4 });
const suite = kemSuite(kemMlkem768X25519);
const { mlkem768X25519: small, mlkem1024P384: large } = ephemeralKems;
const context = { info: Buffer.from('what for'), aad: Buffer.from('where') };
const secret = Buffer.from('a read key of thirty-two bytes, ');
const pair = KeyPair.generate();

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

describe('the published vectors', () => {
  test('are there', () => {
    expect(vectors.kem.map(({ kem_id }) => kem_id)).toEqual([
      suite.kemId,
      suite.kemId,
      large.kemId,
    ]);
    // Of other KEMs: the key schedule is the same for all.
    expect(vectors.keySchedule.map(({ kem_id }) => kem_id)).toEqual([32, 33, 16, 18]);
    expect(vectors.keySchedule.map(({ encryptions }) => encryptions.length)).toEqual([1, 1, 1, 1]);
  });

  describe.each(['native', 'portable'] as const)('%s', (name) => {
    beforeEach(() => chooseProvider(name));
    afterEach(() => chooseProvider('native'));

    test.each(vectors.kem)('KEM $kem_id makes the keys and secrets of the draft', (vector) => {
      const suite = vector.kem_id === large.kemId ? large : small;
      const key = new KemPrivateKey(suite, hex(vector.skRm));
      expect(key.publicKey.toString('hex')).toBe(vector.pkRm);
      expect(kemKeyFault(suite, key.publicKey)).toBeUndefined();
      expect(key.decapsulate(hex(vector.enc))?.toString('hex')).toBe(vector.shared_secret);
      const { publicKey, seed, encapsulated } = suite.lengths;
      expect([key.publicKey.length, hex(vector.skRm).length, hex(vector.enc).length]).toEqual([
        publicKey,
        seed,
        encapsulated,
      ]);
      const coins = {
        mlkem: hex(vector.ikmE).subarray(0, 32),
        curve: hex(vector.ikmE).subarray(32),
      };
      if (name === 'native') {
        expect(() => encapsulateTo(suite, key.publicKey, coins)).toThrow(
          /only the portable provider/,
        );
        return;
      }
      const made = encapsulateTo(suite, key.publicKey, coins);
      expect(made.encapsulated.toString('hex')).toBe(vector.enc);
      expect(made.sharedSecret.toString('hex')).toBe(vector.shared_secret);
    });
  });

  test.each(vectors.keySchedule)('the key schedule of HPKE with KEM $kem_id', (vector) => {
    expect([vector.kdf_id, vector.aead_id]).toEqual([1, 2]);
    const keys = hpkeKeys(vector.kem_id, hex(vector.shared_secret), hex(vector.info));
    expect(keys.key.toString('hex')).toBe(vector.key);
    expect(keys.nonce.toString('hex')).toBe(vector.base_nonce);
    const [{ aad, pt, ct }] = vector.encryptions as [{ aad: string; ct: string; pt: string }];
    const sealed = nativeProvider.aesGcmSeal({ ...keys, aad: hex(aad) }, hex(pt));
    expect(sealed.toString('hex')).toBe(ct);
  });
});

const others = [
  { kem: small, factory: hpke.KEM_MLKEM768_X25519, noble: ml_kem768_x25519 },
  { kem: large, factory: hpke.KEM_MLKEM1024_P384, noble: ml_kem1024_p384 },
];

describe.each(others)('other implementations of $kem.name', ({ kem, factory, noble }) => {
  const theirs = new hpke.CipherSuite(factory, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES_256_GCM);
  const ourSeed = Buffer.alloc(32, 5);
  const ourKey = new KemPrivateKey(kem, ourSeed);

  test('the library hpke opens what we seal, and we what it seals', async () => {
    const keys = await theirs.DeserializePrivateKey(ourSeed, false);
    const sealed = hpkeSeal(kem, ourKey.publicKey, context, secret);
    const length = kem.lengths.encapsulated;
    const [enc, ciphertext] = [sealed.subarray(0, length), sealed.subarray(length)];
    expect(Buffer.from(await theirs.Open(keys, enc, ciphertext, context))).toEqual(secret);

    const theirKey = await theirs.DeserializePublicKey(ourKey.publicKey);
    const made = await theirs.Seal(theirKey, secret, context);
    const joined = Buffer.concat([made.encapsulatedSecret, made.ciphertext]);
    expect(hpkeOpen(kem, ourKey, context, joined)).toEqual(secret);
  });

  test('noble has the same keys and secrets, both ways', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seeds, (seed) => {
        const ours = new KemPrivateKey(kem, Buffer.from(seed));
        const keys = noble.keygen(seed);
        expect(ours.publicKey.equals(keys.publicKey)).toBe(true);
        const { sharedSecret, encapsulated } = encapsulateTo(kem, ours.publicKey);
        expect(sharedSecret.equals(noble.decapsulate(encapsulated, keys.secretKey))).toBe(true);
        const made = noble.encapsulate(keys.publicKey);
        expect(ours.decapsulate(Buffer.from(made.cipherText))?.equals(made.sharedSecret)).toBe(
          true,
        );
      }),
      { numRuns: rounds({ short: 5, long: 200 }) },
    );
  });
});

describe('what is sealed to a key', () => {
  const sealed = sealTo(pair.publicKey, context, secret);

  test('opens with it, and is another each time', () => {
    expect(sealed.length).toBe(secret.length + sealedToBytes(kemMlkem768X25519));
    expect(pair.openSealed(context, sealed)).toEqual(secret);
    expect(sealTo(pair.publicKey, context, secret)).not.toEqual(sealed);
    const none = sealTo(pair.publicKey, context, Buffer.alloc(0));
    expect(pair.openSealed(context, none)).toEqual(Buffer.alloc(0));
  });

  test('does not open in another context, or with another key', () => {
    const other = Buffer.from('what fox');
    expect(pair.openSealed({ ...context, info: other }, sealed)).toBeUndefined();
    expect(pair.openSealed({ ...context, aad: other }, sealed)).toBeUndefined();
    expect(KeyPair.generate().openSealed(context, sealed)).toBeUndefined();
    // The same seeds to sign with, and others to open with.
    const { suite: signatureSuite } = pair.publicKey;
    const kem = { suite: kemMlkem768X25519, seed: Buffer.alloc(32, 7) };
    const half = KeyPair.fromSeed(signatureSuite, pair.exportSeed(), kem);
    expect(half.openSealed(context, sealed)).toBeUndefined();
  });

  test('does not open when a byte of it is changed, or it is cut', () => {
    for (const at of [0, 600, 1087, 1088, 1119, 1120, 1135, sealed.length - 1]) {
      expect(pair.openSealed(context, flipped(sealed, at)), `byte ${at}`).toBeUndefined();
    }
    for (const length of [0, 1, 1119, 1120, 1135, 1136, sealed.length - 1]) {
      expect(pair.openSealed(context, sealed.subarray(0, length))).toBeUndefined();
    }
    expect(pair.openSealed(context, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined();
  });

  test('does not open with an ephemeral point of small order', () => {
    for (const u of [Buffer.alloc(32), Buffer.concat([Buffer.of(1), Buffer.alloc(31)])]) {
      const spoilt = Buffer.concat([sealed.subarray(0, 1088), u, sealed.subarray(1120)]);
      expect(pair.openSealed(context, spoilt)).toBeUndefined();
    }
  });

  test('a key that can only sign is refused, and opens nothing', () => {
    const signer = KeyPair.generate({ forSigningOnly: true });
    expect(() => sealTo(signer.publicKey, context, secret)).toThrow(
      expect.objectContaining({
        reason: 'REQUEST_INVALID',
        metadata: { fingerprint: signer.publicKey.fingerprintHex },
      }),
    );
    expect(signer.openSealed(context, sealed)).toBeUndefined();
  });
});

describe('the KEM part of a public key', () => {
  const { suite: number, bytes } = pair.publicKey;
  const kemBytes = pair.publicKey.kem?.bytes as Buffer;
  const parse = (kem: Buffer, kemNumber = kemMlkem768X25519) =>
    PublicKey.parse(number, bytes, { suite: kemNumber, bytes: kem });

  /** The key with its first two coefficients, or with its X25519 half, set. */
  const withCoefficients = (first: number, second: number) =>
    Buffer.concat([
      Buffer.of(first & 0xff, (first >> 8) | ((second & 0x0f) << 4), second >> 4),
      kemBytes.subarray(3),
    ]);
  const withU = (u: bigint) =>
    Buffer.concat([
      kemBytes.subarray(0, 1184),
      Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse(),
    ]);

  test('of another length or suite is refused', () => {
    for (const wrong of [kemBytes.subarray(1), Buffer.concat([kemBytes, Buffer.of(0)])]) {
      expect(() => parse(wrong)).toThrow(expect.objectContaining({ reason: 'REQUEST_INVALID' }));
    }
    for (const unknown of [0, 2, 255]) {
      expect(() => parse(kemBytes, unknown)).toThrow(
        expect.objectContaining({ reason: 'UNSUPPORTED' }),
      );
    }
  });

  test('with a coefficient that is not below the modulus is refused', () => {
    expect(parse(withCoefficients(3328, 3328)).kem).toBeDefined();
    for (const [first, second] of [
      [3329, 0],
      [0, 3329],
      [4095, 4095],
    ] as const) {
      expect(() => parse(withCoefficients(first, second))).toThrow(/coefficient above 3,328/);
    }
    const last = Buffer.from(kemBytes);
    last.fill(0xff, 1149, 1152);
    expect(() => parse(last)).toThrow(/coefficient/);
    // What is behind the coefficients may be anything.
    expect(
      parse(
        Buffer.concat([
          kemBytes.subarray(0, 1152),
          Buffer.alloc(32, 0xff),
          kemBytes.subarray(1184),
        ]),
      ).kem,
    ).toBeDefined();
  });

  test('with an X25519 half of small order, or in a second encoding, is refused', () => {
    const prime = 2n ** 255n - 19n;
    expect(parse(withU(9n)).kem).toBeDefined();
    expect(parse(withU(prime - 2n)).kem).toBeDefined();
    for (const u of [0n, 1n, prime - 1n]) expect(() => parse(withU(u))).toThrow(/small order/);
    for (const u of [
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    ]) {
      const key = Buffer.concat([kemBytes.subarray(0, 1184), hex(u)]);
      expect(() => parse(key)).toThrow(/small order/);
    }
    for (const u of [prime, prime + 1n, prime + 9n, 2n ** 255n - 1n, 2n ** 255n + 9n]) {
      expect(() => parse(withU(u))).toThrow(/not canonically encoded/);
    }
  });

  test('is half there only: refused', () => {
    const fields = pair.publicKey.toFields();
    expect(PublicKey.fromFields(fields).fingerprint).toEqual(pair.publicKey.fingerprint);
    for (const half of [{ kemSuite: 0 }, { kemKey: Buffer.alloc(0) }]) {
      expect(() => PublicKey.fromFields({ ...fields, ...half })).toThrow(
        /one of KEM suite and KEM key/,
      );
    }
  });
});

describe('a key of MLKEM1024-P384', () => {
  const key = new KemPrivateKey(large, Buffer.alloc(32, 9)).publicKey;
  const point = key.subarray(1568);
  const withPoint = (bytes: Buffer) => Buffer.concat([key.subarray(0, 1568), bytes]);
  const prime = (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n;
  const coordinate = (value: bigint) => Buffer.from(value.toString(16).padStart(96, '0'), 'hex');

  test('is one, with any point of the curve', () => {
    expect(kemKeyFault(large, key)).toBeUndefined();
    const y = BigInt(`0x${point.toString('hex', 49)}`);
    const negated = Buffer.concat([point.subarray(0, 49), coordinate(prime - y)]);
    expect(kemKeyFault(large, withPoint(negated))).toBeUndefined();
  });

  test('is none with a coefficient that is not below the modulus', () => {
    const last = Buffer.from(key);
    last.fill(0xff, 1533, 1536);
    expect(kemKeyFault(large, last)).toBe('has an ML-KEM-1024 half with a coefficient above 3,328');
  });

  test('is none with a point off the curve, in another encoding, or none', () => {
    const fault = (bytes: Buffer) => kemKeyFault(large, withPoint(bytes));
    expect(fault(flipped(point, 96))).toMatch(/not on the curve/);
    expect(fault(Buffer.concat([point.subarray(0, 49), Buffer.alloc(48)]))).toMatch(/not on/);
    for (const first of [0, 2, 3, 5, 6, 7]) {
      expect(fault(Buffer.concat([Buffer.of(first), point.subarray(1)]))).toMatch(/uncompressed/);
    }
    // x of zero, for which there is a y, written as zero and as the prime.
    const zero = Buffer.concat([Buffer.of(4), coordinate(prime), point.subarray(49)]);
    expect(fault(zero)).toMatch(/not canonically encoded/);
    const tooLarge = Buffer.concat([point.subarray(0, 49), Buffer.alloc(48, 0xff)]);
    expect(fault(tooLarge)).toMatch(/not canonically encoded/);
  });
});
