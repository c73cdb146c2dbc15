import { createPrivateKey, sign } from 'node:crypto';
import { inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { messageRepresentative } from './composite.ts';
import { provider } from './current-provider.ts';
import {
  KeyPair,
  kemMlkem768X25519,
  PublicKey,
  sealTo,
  signatureContexts,
  signatureSuite,
  signatureSuites,
  suiteMldsa44Ed25519,
  suiteMldsa65Ed25519,
  taggedHash,
} from './index.ts';
import { importSeed } from './native-keys.ts';

const context = signatureContexts.seal;
const message = Buffer.from('a message');

const seedOf = (byte: number) => Buffer.alloc(64, byte);

function flipped(bytes: Buffer, at: number, bit = 0): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << bit);
  return copy;
}

const made = await Promise.all(
  signatureSuites.map(async (suite) => {
    const pair = KeyPair.fromSeed(suite.number, seedOf(1));
    return { suite, pair, signature: await pair.sign(context, message) };
  }),
);

const sizes: Record<number, object> = {
  [suiteMldsa65Ed25519]: { publicKey: 1984, seed: 64, signature: 3373 },
  [suiteMldsa44Ed25519]: { publicKey: 1344, seed: 64, signature: 2484 },
};

const inputs = fc.record({
  seed: fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  ctx: fc.string({ maxLength: 40 }),
  data: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
});

describe.each(made.map((one) => [one.suite.name, one] as const))(
  'a signature of %s',
  (_, { suite, pair, signature }) => {
    const { number, lengths, halves } = suite;
    const mldsaBytes = halves.signature.mldsa;
    const keyMiddle = halves.publicKey.mldsa;
    const verify = (signature: Buffer, key = pair.publicKey) =>
      key.verify(context, message, signature);

    test('has the length of the suite, and verifies', async () => {
      expect(lengths).toEqual(sizes[number]);
      expect(pair.publicKey.bytes.length).toBe(lengths.publicKey);
      expect(signature.length).toBe(lengths.signature);
      expect(await verify(signature)).toBe(true);
    });

    test('with a broken half is refused, whichever it is', async () => {
      const places = [0, 1, 1000, mldsaBytes - 1, mldsaBytes, mldsaBytes + 31, mldsaBytes + 32];
      for (const at of places) expect(await verify(flipped(signature, at))).toBe(false);
      const mldsaHalf = signature.subarray(0, mldsaBytes);
      const ed25519Half = signature.subarray(mldsaBytes);
      expect(await verify(Buffer.concat([mldsaHalf, Buffer.alloc(64)]))).toBe(false);
      expect(await verify(Buffer.concat([Buffer.alloc(mldsaBytes), ed25519Half]))).toBe(false);
    });

    test('with a half of another message or key is refused', async () => {
      const other = await pair.sign(context, Buffer.from('another message'));
      const stranger = await KeyPair.fromSeed(number, seedOf(2)).sign(context, message);
      for (const foreign of [other, stranger]) {
        const [first, second] = [foreign.subarray(0, mldsaBytes), foreign.subarray(mldsaBytes)];
        const mixed = [
          Buffer.concat([first, signature.subarray(mldsaBytes)]),
          Buffer.concat([signature.subarray(0, mldsaBytes), second]),
        ];
        for (const one of mixed) expect(await verify(one)).toBe(false);
      }
    });

    test('by a key whose halves are not both the signer is refused', async () => {
      const stranger = KeyPair.fromSeed(number, seedOf(2)).publicKey;
      const own = pair.publicKey.bytes;
      const halfKeys = [
        Buffer.concat([own.subarray(0, keyMiddle), stranger.bytes.subarray(keyMiddle)]),
        Buffer.concat([stranger.bytes.subarray(0, keyMiddle), own.subarray(keyMiddle)]),
      ];
      for (const bytes of [...halfKeys, stranger.bytes]) {
        expect(await verify(signature, PublicKey.parse(number, bytes))).toBe(false);
      }
    });

    test('of another context or message is refused', async () => {
      const { publicKey } = pair;
      expect(await publicKey.verify('', message, signature)).toBe(false);
      expect(await publicKey.verify(`${context}x`, message, signature)).toBe(false);
      expect(await publicKey.verify(context, flipped(message, 0), signature)).toBe(false);
      expect(await publicKey.verify(context, Buffer.alloc(0), signature)).toBe(false);
    });

    test('of another length is refused', async () => {
      for (const length of [0, 1, 64, mldsaBytes, lengths.signature - 1]) {
        expect(await verify(signature.subarray(0, length))).toBe(false);
      }
      expect(await verify(Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
    });

    test('whose ML-DSA half was made without the label is refused', async () => {
      const representative = messageRepresentative(suite, context, message);
      const seed = seedOf(1).subarray(0, 32);
      const bare = sign(null, representative, importSeed(suite.mldsa, seed));
      const mixed = Buffer.concat([bare, signature.subarray(mldsaBytes)]);
      expect(mixed.length).toBe(lengths.signature);
      expect(await verify(mixed)).toBe(false);
    });

    test('takes the message as it is at the call', async () => {
      const buffer = Buffer.from(message);
      const verifying = pair.publicKey.verify(context, buffer, signature);
      const signing = pair.sign(context, buffer);
      buffer.fill(0);
      expect(await verifying).toBe(true);
      expect(await verify(await signing)).toBe(true);
    });

    test('in a context that is too long is a defect', async () => {
      const long = 'x'.repeat(255);
      expect(await pair.publicKey.verify(long, message, await pair.sign(long, message))).toBe(true);
      await expect(pair.sign(`${long}x`, message)).rejects.toThrow(/a context may have 255 bytes/);
    });

    test('has a second opinion: agrees with noble on keys and on signatures, both ways', async () => {
      const mldsa = suite.mldsa === 'mldsa65' ? ml_dsa65 : ml_dsa44;
      const label = Buffer.from(`COMPSIG-${suite.mldsa.toUpperCase()}-Ed25519-SHA512`);
      await fc.assert(
        fc.asyncProperty(inputs, async ({ seed, ctx, data }) => {
          const ours = KeyPair.fromSeed(number, seed);
          const keys = mldsa.keygen(seed.subarray(0, 32));
          const edSeed = seed.subarray(32);
          const edPublic = ed25519.getPublicKey(edSeed);
          expect(ours.publicKey.bytes).toEqual(Buffer.concat([keys.publicKey, edPublic]));

          const representative = messageRepresentative(suite, ctx, data);
          const signed = await ours.sign(ctx, data);
          const [first, second] = [signed.subarray(0, mldsaBytes), signed.subarray(mldsaBytes)];
          const options = { context: label };
          expect(mldsa.verify(first, representative, keys.publicKey, options)).toBe(true);
          expect(ed25519.verify(second, representative, edPublic)).toBe(true);

          const theirs = Buffer.concat([
            mldsa.sign(representative, keys.secretKey, options),
            ed25519.sign(representative, edSeed),
          ]);
          expect(await ours.publicKey.verify(ctx, data, theirs)).toBe(true);
        }),
        { numRuns: 6 },
      );
    });
  },
);

const suite = suiteMldsa65Ed25519;
const [{ pair, signature }] = made as [(typeof made)[0]];
const verify = (signature: Buffer, key = pair.publicKey) => key.verify(context, message, signature);

test('of one suite never counts as one of another', async () => {
  const small = signatureSuite(suiteMldsa44Ed25519);
  const smallPair = KeyPair.fromSeed(small.number, seedOf(1));
  // The Ed25519 halves are of one seed, but sign different labels.
  const ed25519Half = (await smallPair.sign(context, message)).subarray(
    small.halves.signature.mldsa,
  );
  const mixed = Buffer.concat([signature.subarray(0, 3309), ed25519Half]);
  expect(mixed.length).toBe(signature.length);
  expect(await verify(mixed)).toBe(false);
  expect(await verify(signature, smallPair.publicKey)).toBe(false);
  expect(smallPair.publicKey.bytes.subarray(1312)).toEqual(pair.publicKey.bytes.subarray(1952));
});

describe('a public key', () => {
  test('is named by the hash of its parts and their suites', () => {
    const kem = { suite: kemMlkem768X25519, seed: Buffer.alloc(32, 5) };
    const both = KeyPair.fromSeed(suite, seedOf(1), kem).publicKey;
    const hash = (...parts: Buffer[]) => taggedHash('atedb/v1/key', ...parts).toString('hex');
    const kemBytes = both.kem?.bytes as Buffer;
    expect(both.fingerprintHex).toBe(hash(Buffer.of(1), both.bytes, Buffer.of(1), kemBytes));
    expect(both.fingerprint.toString('hex')).toBe(both.fingerprintHex);

    const { publicKey } = pair;
    expect(publicKey.kem).toBeUndefined();
    expect(publicKey.bytes).toEqual(both.bytes);
    expect(publicKey.fingerprintHex).toBe(hash(Buffer.of(1), publicKey.bytes, Buffer.of(0)));
    const otherKem = { ...kem, seed: Buffer.alloc(32, 6) };
    const others = [
      publicKey,
      KeyPair.fromSeed(suite, seedOf(1), otherKem).publicKey,
      KeyPair.fromSeed(suite, seedOf(2), kem).publicKey,
      KeyPair.fromSeed(suiteMldsa44Ed25519, seedOf(1), kem).publicKey,
    ];
    expect(new Set([both, ...others].map((key) => key.fingerprintHex)).size).toBe(5);
  });

  test('of another length is refused', () => {
    const { bytes } = pair.publicKey;
    for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)]) {
      expect(() => PublicKey.parse(suite, wrong)).toThrow(
        expect.objectContaining({ reason: 'REQUEST_INVALID' }),
      );
    }
  });

  test.each([0, 3, 255, -1, 1.5])('of the suite %d is refused', (unknown) => {
    const expected = expect.objectContaining({ reason: 'UNSUPPORTED' });
    expect(() => PublicKey.parse(unknown, pair.publicKey.bytes)).toThrow(expected);
    expect(() => KeyPair.fromSeed(unknown, seedOf(1))).toThrow(expected);
  });

  test('keeps its own copy of the bytes', async () => {
    const bytes = Buffer.from(pair.publicKey.bytes);
    const key = PublicKey.parse(suite, bytes);
    bytes.fill(0);
    expect(key.bytes).toEqual(pair.publicKey.bytes);
    expect(await verify(signature, key)).toBe(true);
  });

  test('shows its fingerprint where it is printed', () => {
    expect(inspect(pair.publicKey)).toContain(pair.publicKey.fingerprintHex);
    expect(JSON.parse(JSON.stringify(pair.publicKey))).toEqual({
      suite,
      fingerprint: pair.publicKey.fingerprintHex,
    });
    const { publicKey } = KeyPair.generate();
    expect(JSON.parse(JSON.stringify(publicKey))).toMatchObject({ suite, kemSuite: 1 });
  });
});

describe('a key pair', () => {
  const secret = Buffer.from(Array.from({ length: 64 }, (_, index) => 0xb0 ^ (index * 7)));
  const kemSeed = Buffer.from(Array.from({ length: 32 }, (_, index) => 0x3d ^ (index * 11)));
  const kept = KeyPair.fromSeed(suite, secret, { suite: kemMlkem768X25519, seed: kemSeed });

  test('is another one each time that one is made', () => {
    const [one, other] = [KeyPair.generate(), KeyPair.generate()];
    expect(one.publicKey.suite).toBe(suite);
    expect(one.publicKey.fingerprintHex).not.toBe(other.publicKey.fingerprintHex);
    expect(one.exportSeed()).not.toEqual(Buffer.alloc(64));
  });

  test('comes back from its seed', async () => {
    const made = KeyPair.generate();
    const again = KeyPair.fromSeed(suite, made.exportSeed(), made.exportKemSeed());
    expect(again.publicKey.fingerprint).toEqual(made.publicKey.fingerprint);
    expect(again.publicKey.kem?.bytes).toHaveLength(1216);
    const signed = await again.sign(context, message);
    expect(await verify(signed, made.publicKey)).toBe(true);
  });

  test('keeps its own copy of the seed, and hands out copies', async () => {
    const given = Buffer.from(secret);
    const givenKem = { suite: kemMlkem768X25519, seed: Buffer.from(kemSeed) };
    const own = KeyPair.fromSeed(suite, given, givenKem);
    for (const seed of [given, givenKem.seed]) seed.fill(0);
    own.exportSeed().fill(0);
    own.exportKemSeed()?.seed.fill(0);
    expect(own.exportSeed()).toEqual(secret);
    expect(own.exportKemSeed()?.seed).toEqual(kemSeed);
    const sealed = sealTo(own.publicKey, { info: message, aad: message }, secret);
    expect(own.openSealed({ info: message, aad: message }, sealed)).toEqual(secret);
    expect(await verify(await own.sign(context, message), own.publicKey)).toBe(true);
  });

  test.each([0, 32, 63, 65, 128])('of a seed of %i bytes is refused', (length) => {
    expect(() => KeyPair.fromSeed(suite, Buffer.alloc(length, 0xab))).toThrow(
      expect.objectContaining({ reason: 'REQUEST_INVALID' }),
    );
  });

  test.each([0, 31, 33, 64])('of a KEM seed of %i bytes is refused', (length) => {
    const kem = { suite: kemMlkem768X25519, seed: Buffer.alloc(length, 0xab) };
    expect(() => KeyPair.fromSeed(suite, seedOf(1), kem)).toThrow(
      expect.objectContaining({ reason: 'REQUEST_INVALID' }),
    );
  });

  test('for signing only has no KEM part', () => {
    const signer = KeyPair.generate({ forSigningOnly: true });
    expect(signer.publicKey.kem).toBeUndefined();
    expect(signer.exportKemSeed()).toBeUndefined();
  });

  test('never shows its secret by accident', () => {
    const short = secret.subarray(0, 63);
    let refusal: unknown;
    try {
      KeyPair.fromSeed(suite, short);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(Error);
    const shown = [
      JSON.stringify(kept),
      JSON.stringify({ deep: [kept] }),
      inspect(kept),
      inspect({ kept }, { showHidden: true, depth: Number.POSITIVE_INFINITY, getters: true }),
      String(kept),
      Object.entries(kept).join(),
      Object.getOwnPropertyNames(kept).join(),
      inspect(deserialize(serialize({ ...kept }))),
      inspect(refusal, { showHidden: true, depth: Number.POSITIVE_INFINITY }),
    ].join('\n');
    for (const piece of [
      secret.subarray(0, 6),
      secret.subarray(32, 38),
      secret.subarray(58),
      kemSeed.subarray(0, 6),
      kemSeed.subarray(26),
    ]) {
      const hex = piece.toString('hex');
      expect(shown).not.toContain(hex);
      expect(shown).not.toContain(hex.replace(/..(?=.)/g, '$& '));
      expect(shown).not.toContain([...piece].join(','));
      expect(shown).not.toContain([...piece].join(', '));
      expect(shown).not.toContain(piece.toString('base64').slice(0, 7));
    }
    expect(JSON.parse(JSON.stringify(kept))).toEqual({ publicKey: kept.publicKey.toJSON() });
  });

  test('holds the keys that OpenSSL makes of the seed', () => {
    const der = Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      secret.subarray(32),
    ]);
    const native = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const { x } = native.export({ format: 'jwk' });
    expect(kept.publicKey.bytes.subarray(1952).toString('base64url')).toBe(x);
  });
});

test('a key that is read makes nothing to verify with until it verifies', async () => {
  const pair = KeyPair.generate();
  const making = vi.spyOn(provider(), 'verifyingKey');
  try {
    const { suite, bytes, kem } = pair.publicKey;
    const key = PublicKey.parse(suite, bytes, kem);
    expect(making).not.toHaveBeenCalled();
    const signature = await pair.sign(signatureContexts.act, Buffer.from('x'));
    expect(await key.verify(signatureContexts.act, Buffer.from('x'), signature)).toBe(true);
    expect(await key.verify(signatureContexts.act, Buffer.from('y'), signature)).toBe(false);
    expect(making).toHaveBeenCalledTimes(2);
  } finally {
    making.mockRestore();
  }
});
