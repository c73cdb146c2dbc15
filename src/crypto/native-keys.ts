import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

// Raw keys go to OpenSSL as DER: for keys of fixed length that is a fixed prefix (RFC 8410 for Ed25519 and X25519,
// RFC 9881 for ML-DSA, RFC 9935 for ML-KEM), and unlike Node's raw formats it is read by every Node that has these.

const spki = {
  mldsa44: Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
  mldsa65: Buffer.from('308207b2300b0609608648016503040312038207a100', 'hex'),
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  mlkem768: Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'),
  mlkem1024: Buffer.from('30820632300b06096086480165030404030382062100', 'hex'),
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  // RFC 5480, of an uncompressed point.
  p384: Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex'),
} as const;

const pkcs8 = {
  mldsa44: Buffer.from('3034020100300b060960864801650304031104228020', 'hex'),
  mldsa65: Buffer.from('3034020100300b060960864801650304031204228020', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  mlkem768: Buffer.from('3054020100300b060960864801650304040204428040', 'hex'),
  mlkem1024: Buffer.from('3054020100300b060960864801650304040304428040', 'hex'),
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
} as const;

/** An algorithm whose public keys are imported here. */
export type NativeAlgorithm = keyof typeof spki;

/** An algorithm whose private keys are, too. */
export type SeededAlgorithm = keyof typeof pkcs8;

/** Import a raw public key; the caller has checked its length. @throws Error where it is none. */
export function importPublicKey(algorithm: NativeAlgorithm, raw: Buffer): KeyObject {
  const key = Buffer.concat([spki[algorithm], raw]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

/** Import a private key from its seed; the caller has checked its length. */
export function importSeed(algorithm: SeededAlgorithm, seed: Buffer): KeyObject {
  // Not from the pool, since it holds a secret that is wiped here.
  const key = Buffer.alloc(pkcs8[algorithm].length + seed.length);
  key.set(pkcs8[algorithm]);
  key.set(seed, pkcs8[algorithm].length);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } finally {
    key.fill(0);
  }
}

/** The raw public key that belongs to a private one. */
export function rawPublicKey(algorithm: NativeAlgorithm, privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return der.subarray(spki[algorithm].length);
}
