import { createHash } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { messageRepresentative } from './composite.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import { KeyPair, PublicKey, signatureSuite, suiteMldsa65Ed25519 } from './index.ts';

// Ed25519 in the strict, cofactorless form: signatures that some verifiers take and others refuse are refused.

const suite = suiteMldsa65Ed25519;
const context = 'test';
const message = Buffer.from('a message');
const representative = messageRepresentative(signatureSuite(suite), context, message);
const seed = Buffer.alloc(64, 3);
const pair = KeyPair.fromSeed(suite, seed);
const signature = await pair.sign(context, message);
const mldsaHalf = signature.subarray(0, 3309);
const ed25519Key = pair.publicKey.bytes.subarray(1952);

const order = ed25519.Point.Fn.ORDER;
const prime = ed25519.Point.Fp.ORDER;
const { scalar } = ed25519.utils.getExtendedPublicKey(seed.subarray(32));

const littleEndian = (value: bigint) =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
const fromLittleEndian = (bytes: Uint8Array) =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

/** An encoding of the point with this y: of any y up to 2^255, and with any sign of x. */
const encoding = (y: bigint, sign: 0 | 1) => littleEndian(y + (BigInt(sign) << 255n));

function challenge(r: Buffer, key: Buffer): bigint {
  const hash = createHash('sha512').update(r).update(key).update(representative).digest();
  return fromLittleEndian(hash) % order;
}

/** Whether the composite takes this Ed25519 half beside a right ML-DSA half. */
const isTaken = (half: Buffer) =>
  pair.publicKey.verify(context, message, Buffer.concat([mldsaHalf, half]));

describe('a signature', () => {
  const r = signature.subarray(3309, 3341);
  const s = fromLittleEndian(signature.subarray(3341));

  test('whose S is as it should be is taken', async () => {
    expect(s < order).toBe(true);
    expect(await isTaken(Buffer.concat([r, littleEndian(s)]))).toBe(true);
  });

  test('whose S is not below the order is refused', async () => {
    for (let times = 1n; s + times * order < 2n ** 256n; times += 1n) {
      const half = Buffer.concat([r, littleEndian(s + times * order)]);
      expect(await isTaken(half)).toBe(false);
      expect(ed25519.verify(half, representative, ed25519Key)).toBe(false);
    }
  });

  /** The Ed25519 half that the key's owner can make with any R whose discrete logarithm is known, or has torsion added. */
  const halfWith = (r: Buffer, nonce: bigint) =>
    Buffer.concat([r, littleEndian((nonce + challenge(r, ed25519Key) * scalar) % order)]);

  test('of a nonce that was chosen is taken: the refusals below are not for the wrong reason', async () => {
    const point = ed25519.Point.BASE.multiply(12345n);
    expect(await isTaken(halfWith(Buffer.from(point.toBytes()), 12345n))).toBe(true);
  });

  test('whose R is of small order is refused, though it holds', async () => {
    // The nonce 0 makes R the neutral point: older Node takes this signature, and newer does not.
    const half = halfWith(encoding(1n, 0), 0n);
    expect(ed25519.verify(half, representative, ed25519Key, { zip215: true })).toBe(true);
    expect(await isTaken(half)).toBe(false);
  });

  test('whose R is another encoding of the same point is refused', async () => {
    for (const r of [encoding(1n, 1), encoding(prime + 1n, 0), encoding(prime + 1n, 1)]) {
      expect(await isTaken(halfWith(r, 0n))).toBe(false);
    }
  });

  test('that only holds when multiplied by the cofactor is refused', async () => {
    const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1] as string, true);
    const nonce = 12345n;
    const mixed = Buffer.from(ed25519.Point.BASE.multiply(nonce).add(torsion).toBytes());
    const half = halfWith(mixed, nonce);
    expect(ed25519.verify(half, representative, ed25519Key, { zip215: true })).toBe(true);
    expect(await isTaken(half)).toBe(false);
  });
});

describe('a public key', () => {
  const withHalf = (half: Buffer) => Buffer.concat([pair.publicKey.bytes.subarray(0, 1952), half]);
  const parse = (half: Buffer) => () => PublicKey.parse(suite, withHalf(half));
  const refusal = expect.objectContaining({ reason: 'REQUEST_INVALID' });

  const canonical = ED25519_TORSION_SUBGROUP.map((hex) => Buffer.from(hex, 'hex'));
  const others = [
    encoding(1n, 1),
    encoding(prime - 1n, 1),
    encoding(prime, 0),
    encoding(prime, 1),
    encoding(prime + 1n, 0),
    encoding(prime + 1n, 1),
  ];

  test('of small order is refused, in all 14 encodings of the 8 points', () => {
    const all = [...canonical, ...others];
    expect(new Set(all.map((half) => half.toString('hex'))).size).toBe(14);
    for (const half of all) expect(parse(half)).toThrow(refusal);
  });

  test('of small order would verify what nobody signed', () => {
    const neutral = encoding(1n, 0);
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    expect(ed25519.verify(forged, Buffer.from('anything'), neutral, { zip215: true })).toBe(true);
    expect(parse(neutral)).toThrow(/small order/);
  });

  test('that is not canonical is refused, for every y from the prime on', () => {
    for (let y = prime; y < 2n ** 255n; y += 1n) {
      for (const sign of [0, 1] as const) {
        expect(parse(encoding(y, sign))).toThrow(refusal);
        expect(ed25519PointFault(encoding(y, sign))).toMatch(/canonical/);
      }
    }
  });

  test('whose y is the last that is canonical is no fault by itself', () => {
    // p - 1 is of small order; p - 2 is the largest y that may be one of a key.
    expect(ed25519PointFault(encoding(prime - 2n, 0))).toBeUndefined();
    expect(ed25519PointFault(encoding(prime - 1n, 0))).toMatch(/small order/);
  });

  test('that is no point at all verifies nothing', async () => {
    const noPoint = encoding(2n, 0);
    expect(() => ed25519.Point.fromHex(noPoint.toString('hex'))).toThrow();
    const key = PublicKey.parse(suite, withHalf(noPoint));
    expect(await key.verify(context, message, signature)).toBe(false);
    const zero = Buffer.concat([mldsaHalf, Buffer.alloc(64)]);
    expect(await key.verify(context, message, zero)).toBe(false);
  });

  test('of everyday keys is taken', () => {
    for (let byte = 0; byte < 20; byte += 1) {
      const half = Buffer.from(ed25519.getPublicKey(Buffer.alloc(32, byte)));
      expect(ed25519PointFault(half)).toBeUndefined();
    }
  });
});
