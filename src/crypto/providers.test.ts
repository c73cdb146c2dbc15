import { Buffer } from 'node:buffer';
import { hkdfSync } from 'node:crypto';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { chooseProvider, provider, providerNames } from './current-provider.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { taggedHash } from './index.ts';
import { nativeProvider as native } from './native-provider.ts';
import { isP384Scalar, p384PointFault } from './p384-numbers.ts';
import { portableProvider as portable } from './portable-provider.ts';
import type { CryptoProvider, SignatureAlgorithm } from './provider.ts';

// Each implementation is held against the other: what one makes the other takes, and what one refuses the other does too.

const many = { numRuns: rounds({ short: 40, long: 3_000 }) };
const some = { numRuns: rounds({ short: 5, long: 300 }) };
const few = { numRuns: rounds({ short: 2, long: 150 }) };

const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const exactly = (length: number) => bytes(length, length);
const nothing = Buffer.alloc(0);

/** Both ways round: who makes, and who takes. */
const pairs: [string, CryptoProvider, CryptoProvider][] = [
  ['native makes, portable takes', native, portable],
  ['portable makes, native takes', portable, native],
];

function flipped(buffer: Buffer, at: number): Buffer {
  const copy = Buffer.from(buffer);
  const place = at % copy.length;
  copy[place] = (copy[place] as number) ^ (1 << (at % 8));
  return copy;
}

describe('hashes', () => {
  test('of any bytes are the same', () => {
    fc.assert(
      fc.property(bytes(600), bytes(300), fc.nat(200), (one, other, length) => {
        expect(portable.sha256(one)).toEqual(native.sha256(one));
        expect(portable.sha256Text(one)).toBe(native.sha256Text(one));
        const parts = [one, nothing, other];
        expect(portable.sha256OfParts(parts)).toEqual(native.sha256OfParts(parts));
        expect(native.sha256OfParts(parts)).toEqual(native.sha256(Buffer.concat(parts)));
        expect(portable.sha512(one)).toEqual(native.sha512(one));
        expect(portable.sha3_256(one)).toEqual(native.sha3_256(one));
        expect(portable.shake256(one, length + 1)).toEqual(native.shake256(one, length + 1));
        expect(portable.hmacSha256(other, one)).toEqual(native.hmacSha256(other, one));
      }),
      many,
    );
  });

  test('HKDF is that of Node and that of noble', () => {
    const inputs = [
      bytes(100, 1),
      bytes(100),
      bytes(100),
      fc.integer({ min: 1, max: 300 }),
    ] as const;
    fc.assert(
      fc.property(...inputs, (material, salt, info, length) => {
        const ours = hkdfExpand(hkdfExtract(salt, material), info, length);
        expect(ours).toEqual(Buffer.from(hkdfSync('sha256', material, salt, info, length)));
        expect(ours).toEqual(Buffer.from(hkdf(sha256, material, salt, info, length)));
        const input = { keyMaterial: material, salt, info };
        for (const one of [native, portable]) expect(one.hkdfSha256(input, length)).toEqual(ours);
      }),
      many,
    );
    const key = hkdfExtract(nothing, Buffer.from('x'));
    expect(hkdfExpand(key, nothing, 8_160)).toHaveLength(8_160);
    expect(() => hkdfExpand(key, nothing, 8_161)).toThrow(/at most 8160 bytes/);
  });
});

describe.each(pairs)('%s', (_, maker, taker) => {
  test.each([128, 192, 256])('AES-%i-GCM', (bits) => {
    const inputs = [exactly(bits / 8), exactly(12), bytes(60), bytes(200), fc.nat()] as const;
    fc.assert(
      fc.property(...inputs, (key, nonce, aad, text, at) => {
        const input = { key, nonce, aad };
        const sealed = maker.aesGcmSeal(input, text);
        expect(sealed).toEqual(taker.aesGcmSeal(input, text));
        expect(sealed.length).toBe(text.length + 16);
        const parts = [
          text.subarray(0, at % (text.length + 1)),
          text.subarray(at % (text.length + 1)),
        ];
        const inParts = maker.aesGcmSealParts(input, parts);
        expect(inParts.map(({ length }) => length)).toEqual([
          ...parts.map(({ length }) => length),
          16,
        ]);
        expect(Buffer.concat(inParts)).toEqual(sealed);
        expect(taker.aesGcmOpen(input, sealed)).toEqual(text);
        expect(taker.aesGcmOpen(input, flipped(sealed, at))).toBeUndefined();
        expect(taker.aesGcmOpen(input, sealed.subarray(0, at % sealed.length))).toBeUndefined();
        const longer = Buffer.concat([aad, Buffer.of(0)]);
        expect(taker.aesGcmOpen({ ...input, aad: longer }, sealed)).toBeUndefined();
        expect(taker.aesGcmOpen({ ...input, key: flipped(key, at) }, sealed)).toBeUndefined();
        expect(taker.aesGcmOpen({ ...input, nonce: flipped(nonce, at) }, sealed)).toBeUndefined();
      }),
      many,
    );
  });

  test('X25519', () => {
    fc.assert(
      fc.property(exactly(32), exactly(32), exactly(32), (secret, other, anything) => {
        const { publicKey } = maker.agreeingKey('x25519', secret);
        const theirs = taker.agreeingKey('x25519', secret);
        expect(publicKey).toEqual(theirs.publicKey);
        const shared = maker.agreeingKey('x25519', other).agree(publicKey);
        expect(shared).toEqual(theirs.agree(taker.agreeingKey('x25519', other).publicKey));
        // Any bytes are a point, of the curve or of its twist, in an encoding that may not be the canonical one.
        expect(maker.agreeingKey('x25519', secret).agree(anything)).toEqual(theirs.agree(anything));
      }),
      some,
    );
    const smallOrder = [
      nothing,
      '01',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
      `${'00'.repeat(31)}80`,
    ];
    for (const hex of smallOrder) {
      const point = Buffer.alloc(32);
      if (typeof hex === 'string') Buffer.from(hex, 'hex').copy(point);
      const key = maker.agreeingKey('x25519', Buffer.alloc(32, 5));
      expect(key.agree(point), String(hex)).toBeUndefined();
    }
  });

  test('P-384', () => {
    // The first byte of the order is ff, so that below it all are secrets.
    const scalar = exactly(48).map((bytes) =>
      Buffer.from(bytes.with(0, (bytes[0] as number) & 0x7f)),
    );
    fc.assert(
      fc.property(scalar, scalar, fc.nat(), (secret, other, at) => {
        fc.pre(isP384Scalar(secret) && isP384Scalar(other));
        const key = maker.agreeingKey('p384', secret);
        const theirs = taker.agreeingKey('p384', other);
        expect(key.publicKey).toEqual(taker.agreeingKey('p384', secret).publicKey);
        expect(p384PointFault(key.publicKey)).toBeUndefined();
        expect(key.agree(theirs.publicKey)).toEqual(theirs.agree(key.publicKey));
        expect(key.agree(theirs.publicKey)).toHaveLength(48);
        // A point with a bit changed is none.
        expect(key.agree(flipped(theirs.publicKey, at))).toBeUndefined();
        const compressed = Buffer.concat([Buffer.of(2), theirs.publicKey.subarray(1, 49)]);
        for (const wrong of [compressed, theirs.publicKey.subarray(1), Buffer.of(0)]) {
          expect(key.agree(wrong)).toBeUndefined();
        }
      }),
      few,
    );
  });

  test.each(['x25519', 'p384'] as const)('a new key of %s, for another one', async (curve) => {
    const secret = Buffer.alloc(curve === 'p384' ? 48 : 32, 6);
    const key = taker.agreeingKey(curve, secret);
    const agreed = await maker.agreeWith(curve, key.publicKey);
    expect(key.agree(agreed?.publicKey as Buffer)).toEqual(agreed?.secret);
    expect((await maker.agreeWith(curve, key.publicKey))?.publicKey).not.toEqual(agreed?.publicKey);
    const none = Buffer.alloc(key.publicKey.length);
    expect(await maker.agreeWith(curve, none)).toBeUndefined();
  });

  test.each(['mlkem768', 'mlkem1024'] as const)('%s', (name) => {
    fc.assert(
      fc.property(exactly(64), fc.nat(), (seed, at) => {
        const key = maker.mlkemKey(name, seed);
        const theirs = taker.mlkemKey(name, seed);
        expect(key.publicKey.equals(theirs.publicKey)).toBe(true);
        const { sharedSecret, ciphertext } = taker.mlkemEncapsulate(name, key.publicKey);
        expect(key.decapsulate(ciphertext)).toEqual(sharedSecret);
        // Of a ciphertext that was changed both make the same other secret.
        const spoilt = flipped(ciphertext, at);
        expect(key.decapsulate(spoilt)).not.toEqual(sharedSecret);
        expect(key.decapsulate(spoilt)).toEqual(theirs.decapsulate(spoilt));
      }),
      few,
    );
  });

  describe.each(['ed25519', 'mldsa44', 'mldsa65'] as const)('%s', (algorithm) => {
    const isMldsa = algorithm !== 'ed25519';
    const inputs = [exactly(32), bytes(300), bytes(255), fc.nat()] as const;

    test('keys and signatures', async () => {
      const property = fc.asyncProperty(...inputs, async (seed, message, ctx, at) => {
        const context = isMldsa ? ctx : undefined;
        const signer = maker.signingKey({ algorithm, bytes: seed, context });
        expect(signer.publicKey).toEqual(
          taker.signingKey({ algorithm, bytes: seed, context }).publicKey,
        );
        const signatures = [await signer.sign(message), signer.signSync(message)];
        const key = taker.verifyingKey({ algorithm, bytes: signer.publicKey, context });
        for (const signature of signatures) {
          expect(await key.verify(message, signature)).toBe(true);
          expect(key.verifySync(message, signature)).toBe(true);
        }
        const [signature] = signatures as [Buffer];
        const wrong: [Buffer, Buffer][] = [
          [message, flipped(signature, at)],
          [message, signature.subarray(0, at % signature.length)],
          [message, Buffer.concat([signature, Buffer.of(0)])],
          [Buffer.concat([message, Buffer.of(at & 0xff)]), signature],
        ];
        for (const [text, spoilt] of wrong) {
          expect(key.verifySync(text, spoilt)).toBe(false);
          expect(await key.verify(text, spoilt)).toBe(false);
        }
        if (!isMldsa) return;
        const other = flipped(Buffer.concat([ctx, Buffer.of(1)]).subarray(0, 255), at);
        const elsewhere = { algorithm, bytes: signer.publicKey, context: other };
        expect(taker.verifyingKey(elsewhere).verifySync(message, signature)).toBe(false);
      });
      await fc.assert(property, isMldsa ? few : some);
    });

    test('any bytes are a key that verifies nothing that it did not sign', () => {
      const length = { ed25519: 32, mldsa44: 1312, mldsa65: 1952 }[algorithm];
      const signatureLength = { ed25519: 64, mldsa44: 2420, mldsa65: 3309 }[algorithm];
      fc.assert(
        fc.property(exactly(length), exactly(signatureLength), (key, signature) => {
          const verifier = taker.verifyingKey({ algorithm, bytes: key });
          expect(verifier.verifySync(Buffer.from('x'), signature)).toBe(false);
        }),
        few,
      );
    });
  });
});

test('both give a signature with a byte changed the same answer', () => {
  const property = (algorithm: SignatureAlgorithm, context: Buffer | undefined) => {
    const signer = native.signingKey({ algorithm, bytes: Buffer.alloc(32, 4), context });
    const message = Buffer.from('a message');
    const signature = signer.signSync(message);
    const keys = [native, portable].map((one) =>
      one.verifyingKey({ algorithm, bytes: signer.publicKey, context }),
    );
    fc.assert(
      fc.property(fc.nat(signature.length - 1), fc.nat(255), (at, value) => {
        const spoilt = Buffer.from(signature);
        spoilt[at] = value;
        const expected = value === signature[at];
        expect(keys.map((key) => key.verifySync(message, spoilt))).toEqual([expected, expected]);
      }),
      { numRuns: rounds({ short: 20, long: 4_000 }) },
    );
  };
  property('ed25519', undefined);
  property('mldsa44', Buffer.from('context'));
  property('mldsa65', Buffer.from('context'));
});

test('Argon2id is the same', async () => {
  const inputs = [bytes(40), bytes(32, 8), fc.nat(3), fc.nat(2), fc.nat(60)] as const;
  await fc.assert(
    fc.asyncProperty(...inputs, async (passphrase, salt, lanes, passes, more) => {
      const input = {
        passphrase,
        salt,
        lanes: lanes + 1,
        passes: passes + 1,
        memoryKib: 8 * (lanes + 1) + more,
        length: 32,
      };
      expect(await portable.argon2id(input)).toEqual(await native.argon2id(input));
    }),
    some,
  );
});

describe('the choice', () => {
  afterEach(() => chooseProvider('native'));

  test('is the native one, and what is asked for', async () => {
    expect(provider().name).toBe('native');
    await chooseProvider('portable');
    expect(provider()).toBe(portable);
    for (const none of [undefined, '']) {
      await chooseProvider(none);
      expect(provider().name).toBe('portable');
    }
    await chooseProvider('native');
    expect(provider()).toBe(native);
    expect(providerNames).toEqual(['native', 'portable']);
  });

  test('of another name is refused, and changes nothing', async () => {
    await expect(chooseProvider('openssl')).rejects.toMatchObject({
      reason: 'REQUEST_INVALID',
      message: expect.stringContaining('use one of: native, portable'),
    });
    expect(provider().name).toBe('native');
  });

  test('makes no difference to a hash', async () => {
    const parts = [Buffer.from('abc'), Buffer.alloc(5_000, 7)];
    const before = [taggedHash('a', ...parts), taggedHash('a', parts[0] as Buffer)];
    await chooseProvider('portable');
    expect([taggedHash('a', ...parts), taggedHash('a', parts[0] as Buffer)]).toEqual(before);
  });
});
