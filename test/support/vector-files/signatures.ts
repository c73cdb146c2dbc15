import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { messageRepresentative } from '../../../src/crypto/composite.ts';
import {
  PublicKey,
  type SignatureSuite,
  signatureContexts,
  signatureSuite,
  signatureSuites,
  suiteMldsa44Ed25519,
} from '../../../src/crypto/index.ts';
import { publicKeyBytes } from '../../../src/event/index.ts';
import { fixedBytes, fixedKey, flipped, signHalves } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const { Point } = ed25519;
const order = Point.Fn.ORDER;
const context = signatureContexts.seal;
const message = fixedBytes('what is signed', 100);

/** A case, before it is checked. */
interface Made {
  readonly what: string;
  readonly key: PublicKey;
  readonly context: string;
  readonly message: Buffer;
  readonly signature: Buffer;
}

/** Composite signatures of both suites, good and bad. */
export async function signatureVectors(): Promise<VectorFile> {
  const made = [...signatureSuites.flatMap(ofSuite), ...edgesOfEd25519()];
  const cases = await Promise.all(made.map(checked));
  const keys = [...new Map(made.map(({ key }) => [key.fingerprintHex, key])).values()];
  const shownOf = (good: boolean) =>
    cases
      .filter(({ isGood }) => isGood === good)
      .map(({ isGood: _, key, ...rest }): VectorCase => ({ key: keys.indexOf(key), ...rest }));
  return {
    name: 'signatures',
    about:
      'Signatures of the composites of draft-ietf-lamps-pq-composite-sigs-19 (docs/format.md, "Suites of signatures"), over `message` with `context` as the purpose; `key` is the place in `keys` of a PublicKey message. Those of `good` verify, those of `bad` do not, without an error. Signing is randomised in practice: `good` ones were made without, and only verifying is compared. Ed25519 is verified in the strict, cofactorless form: many libraries take some of what `bad` has, or refuse some of `good`. More of Ed25519 and of ML-DSA by itself is in ed25519-speccheck.json and the wycheproof files beside this one.',
    madeFrom: 'src/crypto/composite.ts and @noble/curves',
    lists: {
      keys: keys.map((key) => ({ key: publicKeyBytes(key) })),
      good: shownOf(true),
      bad: shownOf(false),
    },
  };
}

async function checked(made: Made & { readonly isGood: boolean }) {
  const { isGood, key } = made;
  if ((await key.verify(made.context, made.message, made.signature)) !== isGood) {
    throw new Error(`${made.what} is ${isGood ? 'not ' : ''}taken`);
  }
  return made;
}

function ofSuite(suite: SignatureSuite) {
  const { number } = suite;
  const signer = fixedKey(`signer ${number}`, { suite: number });
  const stranger = fixedKey(`stranger ${number}`, { suite: number });
  const middle = suite.halves.signature.mldsa;
  const of = (what: string, isGood: boolean, changes: Partial<Made> = {}) => {
    const said = { key: signer.publicKey, context, message, ...changes };
    const signature = changes.signature ?? signer.sign(said.context, said.message);
    return { ...said, what: `suite ${number}: ${what}`, signature, isGood };
  };
  const right = signer.sign(context, message);
  const other = signer.sign(context, Buffer.from('another message'));
  const theirs = stranger.sign(context, message);
  const mixed = (first: Buffer, second: Buffer) =>
    Buffer.concat([first.subarray(0, middle), second.subarray(middle)]);
  const bad = (what: string, signature: Buffer) => of(what, false, { signature });
  const unlabelled = signHalves(number, signer.seed, message);
  return [
    of('a seal', true),
    of('an empty message', true, { message: Buffer.alloc(0) }),
    of('a long message', true, { message: fixedBytes('long', 1_000) }),
    ...Object.values(signatureContexts).map((one) => of(`for ${one}`, true, { context: one })),
    of('with another purpose', false, { context: signatureContexts.proof, signature: right }),
    of('with no purpose', false, { context: '', signature: right }),
    of('over another message', false, { message: flipped(message, 0), signature: right }),
    of('by another key', false, { key: stranger.publicKey, signature: right }),
    bad('its first byte was changed', flipped(right, 0)),
    bad('the last byte of the ML-DSA half was changed', flipped(right, middle - 1)),
    bad('the first byte of the Ed25519 half was changed', flipped(right, middle)),
    bad('its last byte was changed', flipped(right, -1)),
    bad('the ML-DSA half is of another message', mixed(other, right)),
    bad('the Ed25519 half is of another message', mixed(right, other)),
    bad('the ML-DSA half is by another key', mixed(theirs, right)),
    bad('the Ed25519 half is by another key', mixed(right, theirs)),
    bad('the Ed25519 half is zeros', mixed(right, Buffer.alloc(right.length))),
    bad('the ML-DSA half is zeros', mixed(Buffer.alloc(right.length), right)),
    bad('the halves sign the bare message', Buffer.concat([unlabelled.mldsa, unlabelled.ed25519])),
    bad('a byte less', right.subarray(0, -1)),
    bad('a byte more', Buffer.concat([right, Buffer.of(0)])),
    bad('the Ed25519 half alone', right.subarray(middle)),
    bad('nothing', Buffer.alloc(0)),
  ];
}

/** Ed25519 halves on which verifiers differ, beside ML-DSA halves that are good. */
function edgesOfEd25519() {
  const suite = signatureSuite(suiteMldsa44Ed25519);
  const signer = fixedKey('edges of Ed25519');
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(signer.seed.subarray(32));
  const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const mixedPoint = Point.BASE.multiply(scalar).add(torsion).toBytes();
  const mldsaKey = signer.publicKey.bytes.subarray(0, suite.halves.publicKey.mldsa);
  const mixedKey = PublicKey.parse(suite.number, Buffer.concat([mldsaKey, mixedPoint]));
  const identity = Point.ZERO.toBytes();
  const nonCanonicalIdentity = Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex');

  const of = (
    what: string,
    isGood: boolean,
    key: PublicKey,
    messageOf: Buffer,
    half: (representative: Buffer) => Buffer,
  ) => {
    const representative = messageRepresentative(suite, context, messageOf);
    const { mldsa } = signHalves(suite.number, signer.seed, representative);
    const signature = Buffer.concat([mldsa, half(representative)]);
    return { what: `Ed25519: ${what}`, isGood, key, context, message: messageOf, signature };
  };
  /** R and the S that fits it: S = r + k a. */
  const signed = (r: bigint, pointR: Uint8Array, keyPoint: Uint8Array, m: Buffer, add = 0n) => {
    const k = challenge(pointR, keyPoint, m);
    const s = ((r + k * scalar) % order) + add;
    return Buffer.concat([pointR, littleEndian(s)]);
  };
  const r = 1_234_567_890_123_456_789n;
  const pointR = Point.BASE.multiply(r).toBytes();
  const shiftedR = Point.BASE.multiply(r).add(torsion).toBytes();
  /** A message whose challenge is, or is not, a multiple of the cofactor. */
  const messageWith = (isMultiple: boolean) => {
    for (let index = 0; ; index += 1) {
      const one = Buffer.from(`message ${index}`);
      const representative = messageRepresentative(suite, context, one);
      if ((challenge(pointR, mixedPoint, representative) % 8n === 0n) === isMultiple) return one;
    }
  };
  const key = signer.publicKey;
  return [
    of('made by hand', true, key, message, (m) => signed(r, pointR, pointBytes, m)),
    of('S is not below the order', false, key, message, (m) =>
      signed(r, pointR, pointBytes, m, order),
    ),
    of('S is 2^255 and more', false, key, message, (m) =>
      flipped(signed(r, pointR, pointBytes, m), 63, 7),
    ),
    of('R is of small order, and the equation holds', false, key, message, (m) =>
      signed(0n, identity, pointBytes, m),
    ),
    of('R is of small order and not canonical', false, key, message, (m) =>
      signed(0n, nonCanonicalIdentity, pointBytes, m),
    ),
    of('R is of mixed order, and it holds with the cofactor only', false, key, message, (m) =>
      signed(r, shiftedR, pointBytes, m),
    ),
    of(
      'the key is of mixed order, and it holds with the cofactor only',
      false,
      mixedKey,
      messageWith(false),
      (m) => signed(r, pointR, mixedPoint, m),
    ),
    of(
      'the key is of mixed order, and it holds without the cofactor',
      true,
      mixedKey,
      messageWith(true),
      (m) => signed(r, pointR, mixedPoint, m),
    ),
  ];
}

function challenge(pointR: Uint8Array, key: Uint8Array, m: Buffer): bigint {
  const hash = sha512.create().update(pointR).update(key).update(m).digest();
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`) % order;
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
