import { AtedbError } from '../bytes/index.ts';

/** The number of ML-KEM-768 with X25519 in `atedb.v1.KemSuite`. */
export const kemMlkem768X25519 = 1;

/** A hybrid KEM of draft-irtf-cfrg-concrete-hybrid-kems, as draft-ietf-hpke-pq registers it. */
export interface Kem {
  /** In key files, and to tell it in errors. */
  readonly name: string;
  /** In HPKE's registry of KEMs. */
  readonly kemId: number;
  readonly mlkem: 'mlkem768' | 'mlkem1024';
  readonly curve: 'x25519' | 'p384';
  /** Ends what the shared secret is hashed from. */
  readonly label: Buffer;
  /** Sizes in bytes. */
  readonly lengths: {
    readonly publicKey: number;
    readonly seed: number;
    /** What carries the shared secret: HPKE's `enc`. */
    readonly encapsulated: number;
  };
  /** Sizes in bytes of its parts, of which ML-KEM's comes first in all encodings. */
  readonly parts: {
    readonly mlkemKey: number;
    readonly mlkemCiphertext: number;
    /** A secret of the curve. */
    readonly curveSecret: number;
    /** A public key of the curve. */
    readonly curveKey: number;
  };
}

/** A way to encrypt to a key: HPKE with one KEM. */
export interface KemSuite extends Kem {
  /** In `atedb.v1.KemSuite`. */
  readonly number: number;
}

const mlkem768X25519: KemSuite = {
  number: kemMlkem768X25519,
  name: 'mlkem768-x25519',
  kemId: 0x647a,
  mlkem: 'mlkem768',
  curve: 'x25519',
  // X-Wing's, which this is: it looks like one.
  label: Buffer.from('\\.//^\\', 'ascii'),
  lengths: { publicKey: 1216, seed: 32, encapsulated: 1120 },
  parts: { mlkemKey: 1184, mlkemCiphertext: 1088, curveSecret: 32, curveKey: 32 },
};

const mlkem1024P384: Kem = {
  name: 'mlkem1024-p384',
  kemId: 0x0051,
  mlkem: 'mlkem1024',
  curve: 'p384',
  label: Buffer.from('MLKEM1024-P384', 'ascii'),
  lengths: { publicKey: 1665, seed: 32, encapsulated: 1665 },
  parts: { mlkemKey: 1568, mlkemCiphertext: 1568, curveSecret: 48, curveKey: 97 },
};

/** All suites of keys that are kept, the default first. */
export const kemSuites: readonly KemSuite[] = [mlkem768X25519];

/**
 * The KEMs of keys that are made for one handshake of the tunnel: the one for keys of 128 and 192 bits, and the one for
 * 256.
 */
export const ephemeralKems = { mlkem768X25519, mlkem1024P384 } as const;

/** A suite by its number. @throws AtedbError UNSUPPORTED for one that is not known. */
export function kemSuite(number: number): KemSuite {
  const found = kemSuites.find((one) => one.number === number);
  if (found !== undefined) return found;
  const known = kemSuites.map((one) => `${one.number} (${one.name})`).join(' and ');
  throw new AtedbError(
    'UNSUPPORTED',
    `KEM suite ${number} is not known here; ${known} is. A newer atedb may know it`,
    { metadata: { kemSuite: String(number) } },
  );
}
