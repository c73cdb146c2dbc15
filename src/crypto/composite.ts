import assert from 'node:assert/strict';
import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { ed25519PointFault } from './ed25519-point.ts';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';

// id-MLDSA65-Ed25519-SHA512 of draft-ietf-lamps-pq-composite-sigs-19, over native keys.

/** Sizes in bytes of the encodings of the composite: ML-DSA-65's part first, then Ed25519's. */
export const compositeBytes = {
  publicKey: { mldsa65: 1952, ed25519: 32 },
  seed: { mldsa65: 32, ed25519: 32 },
  signature: { mldsa65: 3309, ed25519: 64 },
} as const;

/** The two halves of a composite key, public or private. */
export interface CompositeKey {
  readonly mldsa65: KeyObject;
  readonly ed25519: KeyObject;
}

const prefix = Buffer.from('CompositeAlgorithmSignatures2025', 'ascii');
/** The algorithm's label: part of what is signed, and the context of the ML-DSA half. */
const label = Buffer.from('COMPSIG-MLDSA65-Ed25519-SHA512', 'ascii');
const contextBytesMax = 255;
/** An Ed25519 signature is the point R, then the integer S. */
const ed25519PointBytes = 32;

/** What both halves sign (the draft's M′): prefix ‖ label ‖ length of ctx ‖ ctx ‖ SHA-512 of the message. */
export function messageRepresentative(context: string, message: Buffer): Buffer {
  const ctx = Buffer.from(context, 'utf8');
  assert(
    ctx.length <= contextBytesMax,
    `a context may have ${contextBytesMax} bytes, not ${ctx.length}`,
  );
  return Buffer.concat([
    prefix,
    label,
    Buffer.of(ctx.length),
    ctx,
    hash('sha512', message, 'buffer'),
  ]);
}

interface Halves {
  readonly mldsa65: Buffer;
  readonly ed25519: Buffer;
}

/** Split an encoding, whose length the caller has checked, into its halves: slices. */
export function splitHalves(bytes: Buffer, of: keyof typeof compositeBytes): Halves {
  const middle = compositeBytes[of].mldsa65;
  return { mldsa65: bytes.subarray(0, middle), ed25519: bytes.subarray(middle) };
}

/** Import an encoded public key, whose length the caller has checked. */
export function importCompositePublicKey(bytes: Buffer): CompositeKey {
  const halves = splitHalves(bytes, 'publicKey');
  return {
    mldsa65: importPublicKey('mldsa65', halves.mldsa65),
    ed25519: importPublicKey('ed25519', halves.ed25519),
  };
}

/** Make the private key of a seed, whose length the caller has checked. */
export function importCompositeSeed(seed: Buffer): CompositeKey {
  const halves = splitHalves(seed, 'seed');
  return {
    mldsa65: importSeed('mldsa65', halves.mldsa65),
    ed25519: importSeed('ed25519', halves.ed25519),
  };
}

/** The encoded public key that belongs to a private one. */
export function compositePublicKeyOf(privateKey: CompositeKey): Buffer {
  return Buffer.concat([
    rawPublicKey('mldsa65', privateKey.mldsa65),
    rawPublicKey('ed25519', privateKey.ed25519),
  ]);
}

/** Sign with both halves, in the thread pool. */
export async function signComposite(
  key: CompositeKey,
  context: string,
  message: Buffer,
): Promise<Buffer> {
  const representative = messageRepresentative(context, message);
  return Buffer.concat(
    await Promise.all([
      signHalf(representative, mldsaKey(key)),
      signHalf(representative, ed25519Key(key)),
    ]),
  );
}

/** As `signComposite`, on the calling thread: for the test at start. */
export function signCompositeSync(key: CompositeKey, context: string, message: Buffer): Buffer {
  const representative = messageRepresentative(context, message);
  return Buffer.concat([
    sign(null, representative, mldsaKey(key)),
    sign(null, representative, ed25519Key(key)),
  ]);
}

/** Whether both halves of a signature verify, in the thread pool. Any other length does not verify. */
export async function verifyComposite(
  key: CompositeKey,
  context: string,
  message: Buffer,
  signature: Buffer,
): Promise<boolean> {
  const halves = splitSignature(signature);
  if (halves === undefined) return false;
  const representative = messageRepresentative(context, message);
  const [mldsaGood, ed25519Good] = await Promise.all([
    verifyHalf(representative, mldsaKey(key), halves.mldsa65),
    verifyHalf(representative, ed25519Key(key), halves.ed25519),
  ]);
  return mldsaGood && ed25519Good;
}

/** As `verifyComposite`, on the calling thread: for the test at start. */
export function verifyCompositeSync(
  key: CompositeKey,
  context: string,
  message: Buffer,
  signature: Buffer,
): boolean {
  const halves = splitSignature(signature);
  if (halves === undefined) return false;
  const representative = messageRepresentative(context, message);
  return (
    verify(null, representative, mldsaKey(key), halves.mldsa65) &&
    verify(null, representative, ed25519Key(key), halves.ed25519)
  );
}

interface NativeKey {
  readonly key: KeyObject;
  readonly context?: Buffer;
}

function mldsaKey(key: CompositeKey): NativeKey {
  return { key: key.mldsa65, context: label };
}

function ed25519Key(key: CompositeKey): NativeKey {
  return { key: key.ed25519 };
}

/** Split a signature; undefined where its form alone says that it must not verify. */
function splitSignature(signature: Buffer): Halves | undefined {
  const { mldsa65, ed25519 } = compositeBytes.signature;
  if (signature.length !== mldsa65 + ed25519) return undefined;
  const halves = splitHalves(signature, 'signature');
  const pointR = halves.ed25519.subarray(0, ed25519PointBytes);
  return ed25519PointFault(pointR) === undefined ? halves : undefined;
}

function signHalf(representative: Buffer, key: NativeKey): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(null, representative, key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

function verifyHalf(representative: Buffer, key: NativeKey, signature: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, representative, key, signature, (error, good) => {
      if (error) reject(error);
      else resolve(good);
    });
  });
}
