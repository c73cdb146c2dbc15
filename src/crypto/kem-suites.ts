import { AtedbError } from '../bytes/index.ts';

/** The number of ML-KEM-768 with X25519 in `atedb.v1.KemSuite`. */
export const kemMlkem768X25519 = 1;

/** A way to encrypt to a key: HPKE with one KEM. */
export interface KemSuite {
  /** In `atedb.v1.KemSuite`. */
  readonly number: number;
  /** In key files. */
  readonly name: string;
  /** In HPKE's registry of KEMs. */
  readonly kemId: number;
  /** Sizes in bytes. */
  readonly lengths: {
    readonly publicKey: number;
    readonly seed: number;
    /** What carries the shared secret: HPKE's `enc`. */
    readonly encapsulated: number;
  };
}

/** All suites, the default first. */
export const kemSuites: readonly KemSuite[] = [
  {
    number: kemMlkem768X25519,
    name: 'mlkem768-x25519',
    kemId: 0x647a,
    lengths: { publicKey: 1216, seed: 32, encapsulated: 1120 },
  },
];

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
