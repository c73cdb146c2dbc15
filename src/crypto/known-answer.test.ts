import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { expect, test } from 'vitest';
import { naiveRoot } from '../../test/support/naive-tree.ts';
import { messageRepresentative } from './composite.ts';
import { hashTags, selfTest, taggedHash } from './index.ts';
import { knownAnswers } from './known-answer-data.ts';

test('this machine gives the known answers', () => {
  selfTest();
});

test('the known answers are those of another implementation', () => {
  const seed = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
  const mldsa = ml_dsa65.keygen(seed.subarray(0, 32));
  const publicKey = Buffer.concat([mldsa.publicKey, ed25519.getPublicKey(seed.subarray(32))]);
  const fingerprint = taggedHash(hashTags.key, Buffer.of(1), publicKey);
  expect(fingerprint.toString('hex')).toBe(knownAnswers.fingerprint);

  const bytes = Uint8Array.from({ length: 160 }, (_, index) => index);
  const inputs = Array.from({ length: 9 }, (_, index) =>
    Buffer.concat([bytes.subarray(index, 18 * index), bytes.subarray(1, 4)]),
  );
  const prefix = Buffer.from(`${String.fromCharCode(hashTags.data.length)}${hashTags.data}`);
  const hashes = inputs.map((input) => noble(Buffer.concat([prefix, input])));
  expect(Buffer.from(noble(Buffer.concat(hashes))).toString('hex')).toBe(knownAnswers.manyHashes);
  expect(naiveRoot(inputs).toString('hex')).toBe(knownAnswers.manyRoot);

  const { context, message } = knownAnswers;
  const representative = messageRepresentative(context, Buffer.from(message));
  const label = Buffer.from('COMPSIG-MLDSA65-Ed25519-SHA512');
  const signature = Buffer.concat([
    ml_dsa65.sign(representative, mldsa.secretKey, { context: label, extraEntropy: false }),
    ed25519.sign(representative, seed.subarray(32)),
  ]);
  expect(signature.toString('base64')).toBe(knownAnswers.signature);
});

test.each([
  ['dataHash', 'tagged hash'],
  ['treeRoot', 'Merkle tree'],
  ['manyHashes', 'hashes of many inputs'],
  ['manyRoot', 'hashes of many inputs'],
  ['fingerprint', 'key pair'],
  ['signature', 'signature'],
  ['context', 'signature'],
  ['message', 'signature'],
] as const)('a wrong %s fails the test of the %s', (answer, what) => {
  const right = knownAnswers[answer];
  const wrong = `${right[0] === 'a' ? 'b' : 'a'}${right.slice(1)}`;
  const answers = { ...knownAnswers, [answer]: wrong };
  expect(() => selfTest(answers)).toThrow(
    expect.objectContaining({
      reason: 'INTERNAL',
      message: expect.stringContaining(`self-test of the ${what} failed`),
      metadata: expect.objectContaining({ test: what }),
    }),
  );
});
