import { gcm } from '@noble/ciphers/aes.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import * as hpke from 'hpke';
import { describe, expect, test, vi } from 'vitest';
import { naiveRoot } from '../../test/support/naive-tree.ts';
import { messageRepresentative } from './composite.ts';
import { hashTags, selfTest, signatureSuites, taggedHash } from './index.ts';
import { type KnownAnswers, knownAnswers, type SuiteAnswers } from './known-answer-data.ts';

test('this machine gives the known answers', () => {
  selfTest();
});

test('each cryptography of a process is tested once, and again until it passes', async () => {
  // As in a process that has just started.
  vi.resetModules();
  const { chooseProvider, selfTestOnce } = await import('./index.ts');
  const { nativeProvider } = await import('./native-provider.ts');
  const { portableProvider } = await import('./portable-provider.ts');
  const hashes = vi.spyOn(nativeProvider, 'sha256').mockReturnValue(Buffer.alloc(32));
  for (const _ of [1, 2]) expect(selfTestOnce).toThrow('the self-test of the');
  hashes.mockRestore();
  const signs = vi.spyOn(nativeProvider, 'signingKey');
  selfTestOnce();
  const { length } = signs.mock.calls;
  expect(length).toBeGreaterThan(0);
  selfTestOnce();
  expect(signs).toHaveBeenCalledTimes(length);
  signs.mockRestore();
  const others = vi.spyOn(portableProvider, 'sha256').mockReturnValue(Buffer.alloc(32));
  await chooseProvider('portable');
  expect(selfTestOnce).toThrow('the self-test of the');
  others.mockRestore();
});

test('the known answers are those of another implementation', () => {
  const bytes = Uint8Array.from({ length: 160 }, (_, index) => index);
  const inputs = Array.from({ length: 9 }, (_, index) =>
    Buffer.concat([bytes.subarray(index, 18 * index), bytes.subarray(1, 4)]),
  );
  const prefix = Buffer.from(`${String.fromCharCode(hashTags.data.length)}${hashTags.data}`);
  const hashes = inputs.map((input) => noble(Buffer.concat([prefix, input])));
  expect(Buffer.from(noble(Buffer.concat(hashes))).toString('hex')).toBe(knownAnswers.manyHashes);
  expect(naiveRoot(inputs).toString('hex')).toBe(knownAnswers.manyRoot);
});

test('what the known message was encrypted with opens it', async () => {
  const suite = new hpke.CipherSuite(
    hpke.KEM_MLKEM768_X25519,
    hpke.KDF_HKDF_SHA256,
    hpke.AEAD_AES_256_GCM,
  );
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
  const key = await suite.DeserializePrivateKey(seed, false);
  const sealed = Buffer.from(knownAnswers.sealed, 'base64');
  const context = { info: Buffer.from('atedb/v1/self-test'), aad: Buffer.from('abc') };
  const [enc, ciphertext] = [sealed.subarray(0, 1120), sealed.subarray(1120)];
  expect(Buffer.from(await suite.Open(key, enc, ciphertext, context)).toString()).toBe('abc');
});

test('the known frames are those of another implementation', () => {
  const text = Buffer.from('abc');
  const sealed = [16, 24, 32].map((length) => {
    const key = Uint8Array.from({ length }, (_, index) => index);
    return gcm(key, new Uint8Array(12), text).encrypt(text);
  });
  expect(Buffer.concat(sealed).toString('hex')).toBe(knownAnswers.aesGcm);
});

test.each(signatureSuites)('those of $name too', (suite) => {
  const { fingerprint, context, message, signature } = knownAnswers.suites[
    suite.number
  ] as SuiteAnswers;
  const noble = suite.mldsa === 'mldsa65' ? ml_dsa65 : ml_dsa44;
  const seed = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
  const mldsa = noble.keygen(seed.subarray(0, 32));
  const publicKey = Buffer.concat([mldsa.publicKey, ed25519.getPublicKey(seed.subarray(32))]);
  const hash = taggedHash(hashTags.key, Buffer.of(suite.number), publicKey, Buffer.of(0));
  expect(hash.toString('hex')).toBe(fingerprint);
  const representative = messageRepresentative(suite, context, Buffer.from(message));
  const label = Buffer.from(`COMPSIG-${suite.mldsa.toUpperCase()}-Ed25519-SHA512`);
  const signed = Buffer.concat([
    noble.sign(representative, mldsa.secretKey, { context: label, extraEntropy: false }),
    ed25519.sign(representative, seed.subarray(32)),
  ]);
  expect(signed.toString('base64')).toBe(signature);
});

/** Another text of the same length and alphabet. */
const wrong = (right: string) => `${right[0] === 'a' ? 'b' : 'a'}${right.slice(1)}`;

function expectFailure(answers: KnownAnswers, what: string): void {
  expect(() => selfTest(answers)).toThrow(
    expect.objectContaining({
      reason: 'INTERNAL',
      message: expect.stringContaining(`self-test of the ${what} failed`),
      metadata: expect.objectContaining({ test: what }),
    }),
  );
}

test.each([
  ['dataHash', 'tagged hash'],
  ['treeRoot', 'Merkle tree'],
  ['manyHashes', 'hashes of many inputs'],
  ['manyRoot', 'hashes of many inputs'],
  ['sealed', 'encryption to a key'],
  ['aesGcm', 'encryption of frames'],
] as const)('a wrong %s fails the test of the %s', (answer, what) => {
  expectFailure({ ...knownAnswers, [answer]: wrong(knownAnswers[answer]) }, what);
});

describe.each(signatureSuites)('$name', ({ number, name }) => {
  test.each([
    ['fingerprint', 'key pair'],
    ['signature', 'signature'],
    ['context', 'signature'],
    ['message', 'signature'],
  ] as const)('a wrong %s fails the test of the %s', (answer, what) => {
    const right = knownAnswers.suites[number] as SuiteAnswers;
    const suites = {
      ...knownAnswers.suites,
      [number]: { ...right, [answer]: wrong(right[answer]) },
    };
    expectFailure({ ...knownAnswers, suites }, `${what} of ${name}`);
  });
});
