import { createHash } from 'node:crypto';
import { KeyPair } from '../../src/crypto/index.ts';
import { publicKeyBytes } from '../../src/event/index.ts';
import { extendIdentityLine, identityLineOf } from '../../src/trust/index.ts';

/** What docs/identity-vectors.json holds. */
export interface IdentityVectors {
  readonly note: string;
  readonly keys: readonly {
    /** 64 bytes in hexadecimal: ML-DSA's, then Ed25519's. */
    readonly seed: string;
    /** A PublicKey message, in base64. */
    readonly key: string;
    readonly fingerprint: string;
  }[];
  /** IdentityRotation messages, in base64. */
  readonly rotations: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    /** Place of the key that the server has. */
    readonly identity: number;
    /** Places of the rotations that are shown. */
    readonly rotations: readonly number[];
    /** Places of the keys that are led to that one; none: the line is refused. */
    readonly leadsFrom: readonly number[];
  }[];
}

/** Make the vectors anew. Signatures are randomised, so each time they are others; what they are over stays the same. */
export async function makeIdentityVectors(): Promise<IdentityVectors> {
  const seeds = ['first', 'second', 'third'].map((name) =>
    createHash('sha512').update(`atedb identity vectors: ${name}`).digest(),
  );
  const [first, second, third] = seeds.map((seed) => KeyPair.fromSeed(1, seed)) as [
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  const once = await extendIdentityLine(
    identityLineOf(first.publicKey),
    { old: first, new: second },
    1_767_225_600_000,
  );
  const twice = await extendIdentityLine(once, { old: second, new: third }, 1_798_761_600_000);
  return {
    note: 'Keys are PublicKey messages, rotations IdentityRotation messages, in base64; see identity.md. In a case, `identity` and `rotations` name them by their places, and `leadsFrom` has the keys that are led to the identity; none: the line is refused.',
    keys: [first, second, third].map(({ publicKey }, at) => ({
      seed: (seeds[at] as Buffer).toString('hex'),
      key: publicKeyBytes(publicKey).toString('base64'),
      fingerprint: publicKey.fingerprintHex,
    })),
    rotations: twice.rotations.map((message) => message.toString('base64')),
    cases: [
      { name: 'never rotated', identity: 0, rotations: [], leadsFrom: [0] },
      { name: 'once', identity: 1, rotations: [0], leadsFrom: [0, 1] },
      { name: 'twice', identity: 2, rotations: [0, 1], leadsFrom: [0, 1, 2] },
      { name: 'cut at its beginning', identity: 2, rotations: [1], leadsFrom: [1, 2] },
      { name: 'cut at its end', identity: 2, rotations: [0], leadsFrom: [] },
      { name: 'not shown', identity: 2, rotations: [], leadsFrom: [2] },
      { name: 'in another order', identity: 2, rotations: [1, 0], leadsFrom: [] },
      { name: 'with one twice', identity: 2, rotations: [0, 0, 1], leadsFrom: [] },
      { name: 'of a key that was given up', identity: 1, rotations: [0, 1], leadsFrom: [] },
    ],
  };
}
