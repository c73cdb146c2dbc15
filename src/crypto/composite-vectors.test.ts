import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from 'vitest';
import { fromBase64, readVectors } from '../../test/support/vectors.ts';
import { messageRepresentative } from './composite.ts';
import {
  KeyPair,
  PublicKey,
  signatureSuite,
  signatureSuites,
  suiteMldsa44Ed25519,
  suiteMldsa65Ed25519,
} from './index.ts';

interface Vectors {
  version: string;
  m: string;
  ctx: string;
  tests: {
    tcId: keyof typeof composites;
    pk: string;
    x5c: string;
    sk: string;
    sk_pkcs8: string;
    s: string;
    sWithContext: string;
  }[];
}

const vectors = readVectors<Vectors>('composite-ed25519', { tests: 2 });

/** What the draft says of each: its label, and where its second half begins. */
const composites = {
  'id-MLDSA44-Ed25519-SHA512': {
    number: suiteMldsa44Ed25519,
    label: 'COMPSIG-MLDSA44-Ed25519-SHA512',
    noble: ml_dsa44,
    middle: { publicKey: 1312, signature: 2420 },
  },
  'id-MLDSA65-Ed25519-SHA512': {
    number: suiteMldsa65Ed25519,
    label: 'COMPSIG-MLDSA65-Ed25519-SHA512',
    noble: ml_dsa65,
    middle: { publicKey: 1952, signature: 3309 },
  },
} as const;

const message = fromBase64(vectors.m);
const context = fromBase64(vectors.ctx).toString('utf8');

test('there are vectors of each suite, of the version of the draft that is built', () => {
  expect(vectors.version).toBe('draft-ietf-lamps-pq-composite-sigs-19');
  expect(vectors.tests.map(({ tcId }) => tcId)).toEqual(Object.keys(composites));
  const numbers = Object.values(composites).map(({ number }) => number);
  expect(signatureSuites.map(({ number }) => number).sort()).toEqual(numbers.sort());
  expect(message.toString()).toBe('The quick brown fox jumps over the lazy dog.');
  expect(context).toMatch(/^The lethargic, colorless dog/);
});

describe.each(vectors.tests.map((one) => [one.tcId, one] as const))('%s', (tcId, vector) => {
  const { number, label, noble, middle } = composites[tcId];
  const suite = signatureSuite(number);
  const { lengths } = suite;
  const seed = fromBase64(vector.sk);
  const pair = KeyPair.fromSeed(number, seed);
  const key = PublicKey.parse(number, fromBase64(vector.pk));
  const [plain, inContext] = [fromBase64(vector.s), fromBase64(vector.sWithContext)];

  test('the lengths are those of the suite', () => {
    expect(seed.length).toBe(lengths.seed);
    expect(key.bytes.length).toBe(lengths.publicKey);
    expect([plain.length, inContext.length]).toEqual([lengths.signature, lengths.signature]);
  });

  test('the public key follows from the seed', () => {
    expect(pair.publicKey.bytes.toString('base64')).toBe(vector.pk);
    expect(pair.publicKey.fingerprint).toEqual(key.fingerprint);
    expect(fromBase64(vector.sk_pkcs8).subarray(-lengths.seed)).toEqual(seed);
  });

  test('the signatures verify, each in its own context only', async () => {
    expect(await key.verify('', message, plain)).toBe(true);
    expect(await key.verify(context, message, inContext)).toBe(true);
    expect(await key.verify(context, message, plain)).toBe(false);
    expect(await key.verify('', message, inContext)).toBe(false);
    expect(await key.verify(`${context} `, message, inContext)).toBe(false);
  });

  test('the self-signed certificate verifies', async () => {
    const { tbs, signature } = certificateParts(fromBase64(vector.x5c));
    expect(tbs.includes(key.bytes)).toBe(true);
    expect(await key.verify('', tbs, signature)).toBe(true);
    tbs[tbs.length - 1] = (tbs.at(-1) as number) ^ 1;
    expect(await key.verify('', tbs, signature)).toBe(false);
  });

  test('the second opinion agrees', () => {
    const representative = messageRepresentative(suite, '', message);
    const mldsaKey = key.bytes.subarray(0, middle.publicKey);
    const ed25519Key = key.bytes.subarray(middle.publicKey);
    const mldsaHalf = plain.subarray(0, middle.signature);
    const mldsaContext = { context: Buffer.from(label) };
    expect(noble.verify(mldsaHalf, representative, mldsaKey, mldsaContext)).toBe(true);
    expect(ed25519.verify(plain.subarray(middle.signature), representative, ed25519Key)).toBe(true);
  });

  test('what the private key signs verifies with the public key', async () => {
    for (const ctx of ['', context]) {
      const signature = await pair.sign(ctx, message);
      expect(await key.verify(ctx, message, signature)).toBe(true);
    }
  });

  test('the Ed25519 half, which is deterministic, is signed the same', async () => {
    for (const [ctx, due] of [
      ['', plain],
      [context, inContext],
    ] as const) {
      const signature = await pair.sign(ctx, message);
      expect(signature.subarray(middle.signature)).toEqual(due.subarray(middle.signature));
    }
  });
});

/** The signed part of a DER certificate, tag and length included, and its signature. */
function certificateParts(der: Buffer): { tbs: Buffer; signature: Buffer } {
  const certificate = derValue(der, 0);
  const tbs = derValue(der, certificate.start);
  const algorithm = derValue(der, tbs.end);
  const signature = derValue(der, algorithm.end);
  return {
    tbs: Buffer.from(der.subarray(certificate.start, tbs.end)),
    // A bit string starts with the number of unused bits, which is 0.
    signature: der.subarray(signature.start + 1, signature.end),
  };
}

function derValue(der: Buffer, at: number): { start: number; end: number } {
  const first = der.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  return { start, end: start + length };
}
