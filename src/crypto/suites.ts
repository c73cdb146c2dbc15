import { AtedbError } from '../bytes/index.ts';

/** The number of ML-DSA-65 with Ed25519 in `atedb.v1.SignatureSuite`; what keys are of unless another is asked for. */
export const suiteMldsa65Ed25519 = 1;

/** The number of ML-DSA-44 with Ed25519 in `atedb.v1.SignatureSuite`: smaller keys and signatures, a lower margin. */
export const suiteMldsa44Ed25519 = 2;

/** Sizes in bytes of one encoding: ML-DSA's part comes first, then Ed25519's. */
export interface HalfBytes {
  readonly mldsa: number;
  readonly ed25519: number;
}

/** A composite of draft-ietf-lamps-pq-composite-sigs-19 with Ed25519 and SHA-512. */
export interface SignatureSuite {
  /** In `atedb.v1.SignatureSuite`. */
  readonly number: number;
  /** In key files and on the command line. */
  readonly name: string;
  readonly mldsa: 'mldsa44' | 'mldsa65';
  /** The algorithm's label: part of what is signed, and the context of the ML-DSA half. */
  readonly label: Buffer;
  readonly halves: {
    readonly publicKey: HalfBytes;
    readonly seed: HalfBytes;
    readonly signature: HalfBytes;
  };
  /** Sizes in bytes of whole encodings. */
  readonly lengths: {
    readonly publicKey: number;
    readonly seed: number;
    readonly signature: number;
  };
}

function suite(
  named: Pick<SignatureSuite, 'number' | 'name' | 'mldsa'>,
  label: string,
  mldsa: { readonly publicKey: number; readonly signature: number },
): SignatureSuite {
  return {
    ...named,
    label: Buffer.from(label, 'ascii'),
    halves: {
      publicKey: { mldsa: mldsa.publicKey, ed25519: 32 },
      seed: { mldsa: 32, ed25519: 32 },
      signature: { mldsa: mldsa.signature, ed25519: 64 },
    },
    lengths: { publicKey: mldsa.publicKey + 32, seed: 64, signature: mldsa.signature + 64 },
  };
}

/** All suites, the default first. */
export const signatureSuites: readonly SignatureSuite[] = [
  suite(
    { number: suiteMldsa65Ed25519, name: 'mldsa65-ed25519', mldsa: 'mldsa65' },
    'COMPSIG-MLDSA65-Ed25519-SHA512',
    { publicKey: 1952, signature: 3309 },
  ),
  suite(
    { number: suiteMldsa44Ed25519, name: 'mldsa44-ed25519', mldsa: 'mldsa44' },
    'COMPSIG-MLDSA44-Ed25519-SHA512',
    { publicKey: 1312, signature: 2420 },
  ),
];

/** A suite by its number. @throws AtedbError UNSUPPORTED for one that is not known. */
export function signatureSuite(number: number): SignatureSuite {
  const found = signatureSuites.find((one) => one.number === number);
  if (found !== undefined) return found;
  const known = signatureSuites.map((one) => `${one.number} (${one.name})`).join(' and ');
  throw new AtedbError(
    'UNSUPPORTED',
    `signature suite ${number} is not known here; ${known} are. A newer atedb may know it`,
    { metadata: { suite: String(number) } },
  );
}
