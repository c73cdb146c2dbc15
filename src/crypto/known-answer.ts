import { AtedbError } from '../bytes/index.ts';
import { CompositeSigner, CompositeVerifier } from './composite.ts';
import { provider } from './current-provider.ts';
import { hashTags } from './domains.ts';
import { hashBytes, sha256, taggedHash } from './hash.ts';
import { HashInputs } from './hash-inputs.ts';
import { hpkeOpen, hpkeSeal } from './hpke.ts';
import { KemPrivateKey } from './kem.ts';
import { kemMlkem768X25519, kemSuite } from './kem-suites.ts';
import { type KnownAnswers, knownAnswers, type SuiteAnswers } from './known-answer-data.ts';
import { merkleRoot } from './merkle.ts';
import type { CryptoProvider } from './provider.ts';
import { PublicKey } from './public-key.ts';
import { RangeHasher } from './range-hasher.ts';
import { type SignatureSuite, signatureSuites } from './suites.ts';

/** Those that gave the known answers in this process. */
const passed = new WeakSet<CryptoProvider>();

/**
 * Check that this machine's cryptography gives the answers that are known, before anything relies on it. Takes some ten
 * milliseconds, once a process: a provider that has passed is not asked again.
 *
 * @throws AtedbError INTERNAL naming the first answer that is wrong.
 */
export function selfTestOnce(): void {
  if (passed.has(provider())) return;
  selfTest();
  passed.add(provider());
}

/**
 * `selfTestOnce`, but each time.
 *
 * It finds a Node whose OpenSSL lacks ML-DSA, and one that ignores ML-DSA's context, and so would sign what nobody
 * else can verify.
 *
 * @throws AtedbError INTERNAL naming the first answer that is wrong.
 */
export function selfTest(answers: KnownAnswers = knownAnswers): void {
  check('tagged hash', () => {
    const hash = taggedHash(hashTags.data, Buffer.from('abc'));
    return hash.toString('hex') === answers.dataHash;
  });
  check('Merkle tree', () => {
    const leaves = [Buffer.alloc(0), Buffer.of(0), Buffer.of(0x10)];
    return merkleRoot(leaves).toString('hex') === answers.treeRoot;
  });
  check('hashes of many inputs', () => manyHashesHold(answers));
  for (const suite of signatureSuites) {
    const answer = answers.suites[suite.number];
    if (answer === undefined) continue;
    const signer = new CompositeSigner(suite, testSeed(suite));
    check(`key pair of ${suite.name}`, () => {
      const key = PublicKey.parse(suite.number, signer.publicKey);
      return key.fingerprintHex === answer.fingerprint;
    });
    check(`signature of ${suite.name}`, () => signaturesHold(suite, signer, answer));
  }
  check('encryption to a key', () => encryptionHolds(answers));
  check('encryption of frames', () => framesHold(answers));
}

/** Nine inputs of one to three blocks, hashed side by side where this machine can. */
function manyHashesHold({ manyHashes, manyRoot }: KnownAnswers): boolean {
  const bytes = Buffer.from(Array.from({ length: 160 }, (_, index) => index));
  const inputs = new HashInputs();
  for (let index = 0; index < 9; index += 1) {
    inputs.add(index, 17 * index, 1, 3, bytes.length + index * hashBytes);
  }
  const digests = new RangeHasher(bytes).digests(hashTags.data, inputs);
  const hasher = new RangeHasher(Buffer.concat([bytes, digests]));
  return (
    sha256(digests).toString('hex') === manyHashes &&
    hasher.firstMisfit(hashTags.data, inputs) === -1 &&
    hasher.firstMisfit(hashTags.chain, inputs) === 0 &&
    hasher.merkleRoot(inputs).toString('hex') === manyRoot
  );
}

function signaturesHold(
  suite: SignatureSuite,
  signer: CompositeSigner,
  { context, message, signature }: SuiteAnswers,
): boolean {
  const key = new CompositeVerifier(suite, signer.publicKey);
  const signed = Buffer.from(message, 'utf8');
  const known = Buffer.from(signature, 'base64');
  const broken = Buffer.from(known);
  broken[0] = (broken[0] as number) ^ 1;
  return (
    key.verifySync(context, signed, known) &&
    !key.verifySync(context, signed, broken) &&
    !key.verifySync(`${context}.`, signed, known) &&
    key.verifySync(context, signed, signer.signSync(context, signed))
  );
}

/** Opens what is known, and what this machine itself makes of it. */
function encryptionHolds({ sealed }: KnownAnswers): boolean {
  const suite = kemSuite(kemMlkem768X25519);
  const key = new KemPrivateKey(
    suite,
    Buffer.from(Array.from({ length: 32 }, (_, index) => index)),
  );
  const secret = Buffer.from('abc');
  const context = { info: Buffer.from('atedb/v1/self-test'), aad: secret };
  const known = Buffer.from(sealed, 'base64');
  const broken = Buffer.from(known);
  broken[0] = (broken[0] as number) ^ 1;
  const own = hpkeSeal(suite, key.publicKey, context, secret);
  return (
    hpkeOpen(suite, key, context, known)?.equals(secret) === true &&
    hpkeOpen(suite, key, context, broken) === undefined &&
    hpkeOpen(suite, key, context, own)?.equals(secret) === true
  );
}

/**
 * AES-GCM with each size of keys. MLKEM1024-P384 isn't tested here, since it would double what the start of a command takes; a
 * handshake with a wrong answer fails.
 */
function framesHold({ aesGcm }: KnownAnswers): boolean {
  const text = Buffer.from('abc');
  const sealed = [16, 24, 32].map((length) => {
    const key = Buffer.from(Array.from({ length }, (_, index) => index));
    return provider().aesGcmSeal({ key, nonce: Buffer.alloc(12), aad: text }, text);
  });
  return Buffer.concat(sealed).toString('hex') === aesGcm;
}

function testSeed(suite: SignatureSuite): Buffer {
  return Buffer.from(Array.from({ length: suite.lengths.seed }, (_, index) => index));
}

function check(what: string, holds: () => boolean): void {
  let cause: unknown;
  try {
    if (holds()) return;
  } catch (error) {
    cause = error;
  }
  const { node, openssl } = process.versions;
  throw new AtedbError(
    'INTERNAL',
    `the self-test of the ${what} failed: Node ${node} with OpenSSL ${openssl} gives wrong answers, so nothing it signs or verifies can be relied on; run atedb with Node 24.8 or later`,
    { metadata: { test: what, node, openssl: openssl ?? '' }, cause },
  );
}
