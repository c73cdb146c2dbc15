import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from 'vitest';
import { countBy, fromBase64, fromHex, readVectors } from '../../test/support/vectors.ts';
import { nativeProvider } from './native-provider.ts';
import { portableProvider } from './portable-provider.ts';
import type { SignatureAlgorithm } from './provider.ts';

// Each published vector on both providers: the answer is the vector's, and so one.

interface Ed25519Vector {
  tcId: number;
  comment: string;
  pk: string;
  msg: string;
  sig: string;
  result: string;
}

interface SpecCheck {
  case: number;
  about: string;
  message: string;
  pub_key: string;
  signature: string;
  result: string;
}

interface MldsaVector {
  algorithm: 'mldsa44' | 'mldsa65';
  tcId: number;
  comment: string;
  ctx: string;
  msg: string;
  sig: string;
}

const ed25519 = readVectors<{ tests: Ed25519Vector[] }>('wycheproof-ed25519', { tests: 151 }).tests;
const specCheck = readVectors<{ tests: SpecCheck[] }>('ed25519-speccheck', { tests: 12 }).tests;
const wycheproof = readVectors<{
  verify: (MldsaVector & { pk: string; result: string })[];
  sign: (MldsaVector & { seed: string; pk: string })[];
}>('wycheproof-mldsa', { verify: 51, sign: 10 });
const acvp = readVectors<{
  keyGen: { algorithm: 'mldsa44' | 'mldsa65'; tcId: number; seed: string; pk: string }[];
  sigGen: (MldsaVector & { sk: string; deterministic: boolean })[];
  sigVer: (MldsaVector & { pk: string; testPassed: boolean })[];
}>('acvp-mldsa', { keyGen: 10, sigGen: 8, sigVer: 16 });
const noble = { mldsa44: ml_dsa44, mldsa65: ml_dsa65 };

test('there are vectors of both sizes of ML-DSA, good ones and bad', () => {
  expect(countBy(ed25519, ({ result }) => result)).toEqual({ valid: 88, invalid: 63 });
  const ofVerdict = ({ algorithm, result }: (typeof wycheproof.verify)[number]) =>
    `${algorithm} ${result}`;
  expect(countBy(wycheproof.verify, ofVerdict)).toEqual({
    ...{ 'mldsa44 valid': 7, 'mldsa44 invalid': 18 },
    ...{ 'mldsa65 valid': 7, 'mldsa65 invalid': 19 },
  });
  const ofTest = ({ algorithm, testPassed }: (typeof acvp.sigVer)[number]) =>
    `${algorithm} ${testPassed}`;
  expect(countBy(acvp.sigVer, ofTest)).toEqual({
    ...{ 'mldsa44 true': 2, 'mldsa44 false': 6 },
    ...{ 'mldsa65 true': 2, 'mldsa65 false': 6 },
  });
  const bySize = ({ algorithm }: { algorithm: string }) => algorithm;
  expect(countBy(wycheproof.sign, bySize)).toEqual({ mldsa44: 5, mldsa65: 5 });
  expect(countBy(acvp.keyGen, bySize)).toEqual({ mldsa44: 5, mldsa65: 5 });
  const deterministic = acvp.sigGen.filter((vector) => vector.deterministic);
  expect(countBy(acvp.sigGen, bySize)).toEqual({ mldsa44: 4, mldsa65: 4 });
  expect(countBy(deterministic, bySize)).toEqual({ mldsa44: 2, mldsa65: 2 });
});

describe.each([nativeProvider, portableProvider])('$name', (provider) => {
  interface Claim {
    algorithm: SignatureAlgorithm;
    pk: Buffer;
    message: Buffer;
    signature: Buffer;
    context?: Buffer;
  }

  /** Both ways of asking must agree. */
  async function verdict({ algorithm, pk, message, signature, context }: Claim): Promise<boolean> {
    const key = provider.verifyingKey({ algorithm, bytes: pk, context });
    const good = key.verifySync(message, signature);
    expect(await key.verify(message, signature)).toBe(good);
    return good;
  }

  const mldsaVerdict = (vector: MldsaVector, pk: Buffer) =>
    verdict({
      algorithm: vector.algorithm,
      pk,
      message: fromBase64(vector.msg),
      signature: fromBase64(vector.sig),
      context: fromHex(vector.ctx),
    });

  test('Wycheproof: Ed25519', async () => {
    for (const { tcId, comment, pk, msg, sig, result } of ed25519) {
      const claim = { pk: fromHex(pk), message: fromHex(msg), signature: fromHex(sig) };
      const good = await verdict({ algorithm: 'ed25519', ...claim });
      expect(good, `${tcId}: ${comment}`).toBe(result === 'valid');
    }
  });

  test('the cases on which verifiers of Ed25519 differ', async () => {
    for (const { case: number, about, message, pub_key: pk, signature, result } of specCheck) {
      const claim = { pk: fromHex(pk), message: fromHex(message), signature: fromHex(signature) };
      const good = await verdict({ algorithm: 'ed25519', ...claim });
      expect(good, `${number}: ${about}`).toBe(result === 'valid');
    }
  });

  test('Wycheproof: ML-DSA, verified', async () => {
    for (const vector of wycheproof.verify) {
      const good = await mldsaVerdict(vector, fromBase64(vector.pk));
      const told = `${vector.algorithm} ${vector.tcId}: ${vector.comment}`;
      expect(good, told).toBe(vector.result === 'valid');
    }
  });

  test('Wycheproof: ML-DSA, signed by seed', async () => {
    for (const vector of wycheproof.sign) {
      const { algorithm, tcId, seed, pk } = vector;
      const context = fromHex(vector.ctx);
      const key = provider.signingKey({ algorithm, bytes: fromHex(seed), context });
      expect(key.publicKey.equals(fromBase64(pk)), `${algorithm} ${tcId}`).toBe(true);
      expect(await mldsaVerdict(vector, key.publicKey), `${algorithm} ${tcId}`).toBe(true);
      const own = (await key.sign(fromBase64(vector.msg))).toString('base64');
      expect(await mldsaVerdict({ ...vector, sig: own }, key.publicKey)).toBe(true);
    }
  });

  test('ACVP: keys of ML-DSA', () => {
    for (const { algorithm, tcId, seed, pk } of acvp.keyGen) {
      const key = provider.signingKey({ algorithm, bytes: fromHex(seed) });
      expect(key.publicKey.equals(fromBase64(pk)), `${algorithm} ${tcId}`).toBe(true);
    }
  });

  test('ACVP: what was signed with ML-DSA, in contexts, verifies, and in no other context', async () => {
    for (const vector of acvp.sigGen) {
      const pk = Buffer.from(noble[vector.algorithm].getPublicKey(fromBase64(vector.sk)));
      const told = `${vector.algorithm} ${vector.tcId}`;
      expect(await mldsaVerdict(vector, pk), told).toBe(true);
      const ctx = vector.ctx === '' ? '00' : vector.ctx.slice(2);
      expect(await mldsaVerdict({ ...vector, ctx }, pk), told).toBe(false);
    }
  });

  test('ACVP: ML-DSA, verified in contexts', async () => {
    expect(acvp.sigVer.some(({ ctx }) => ctx.length === 2 * 255)).toBe(true);
    for (const vector of acvp.sigVer) {
      const good = await mldsaVerdict(vector, fromBase64(vector.pk));
      expect(good, `${vector.algorithm} ${vector.tcId}`).toBe(vector.testPassed);
    }
  });
});

test('noble signs as ACVP does, where it is told not to add randomness', () => {
  for (const vector of acvp.sigGen.filter(({ deterministic }) => deterministic)) {
    const { sign } = noble[vector.algorithm];
    const options = { context: fromHex(vector.ctx), extraEntropy: false as const };
    const signature = sign(fromBase64(vector.msg), fromBase64(vector.sk), options);
    expect(Buffer.from(signature).toString('base64')).toBe(vector.sig);
  }
});
