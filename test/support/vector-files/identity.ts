import { AtedbError } from '../../../src/bytes/index.ts';
import { signatureContexts, suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import {
  encodeIdentityRotation,
  identityRotationHeader,
  publicKeyBytes,
} from '../../../src/event/index.ts';
import { verifyIdentityLine } from '../../../src/trust/index.ts';
import { type FixedKey, fixedKey, flipped } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const keys = ['first', 'second', 'third'].map((name) =>
  fixedKey(`identity ${name}`, { suite: suiteMldsa65Ed25519 }),
) as [FixedKey, FixedKey, FixedKey];

/** A rotation, signed by both keys, or by others. */
function rotationOf(
  from: FixedKey,
  to: FixedKey,
  timeUnixMs: number,
  signers = { from, to },
): Buffer {
  const claim = { oldIdentity: from.publicKey, newIdentity: to.publicKey, timeUnixMs };
  const header = identityRotationHeader(claim);
  return encodeIdentityRotation(header, claim, {
    old: signers.from.sign(signatureContexts.identityRotation, header),
    new: signers.to.sign(signatureContexts.identityPossession, header),
  });
}

/** Rotations of a server's identity. */
export async function identityVectors(): Promise<VectorFile> {
  const [first, second, third] = keys;
  const year = 1_767_225_600_000;
  const rotations = [
    rotationOf(first, second, year),
    rotationOf(second, third, year + 31_536_000_000),
    rotationOf(first, second, year, { from: third, to: second }),
    rotationOf(first, second, year, { from: first, to: third }),
    rotationOf(second, first, year),
    flipped(rotationOf(first, second, year), -1),
  ] as const;
  const cases: readonly (readonly [string, number, readonly number[], readonly number[]])[] = [
    ['never rotated', 0, [], [0]],
    ['once', 1, [0], [0, 1]],
    ['twice', 2, [0, 1], [0, 1, 2]],
    ['cut at its beginning', 2, [1], [1, 2]],
    ['cut at its end', 2, [0], []],
    ['not shown', 2, [], [2]],
    ['in another order', 2, [1, 0], []],
    ['with one twice', 2, [0, 0, 1], []],
    ['of a key that was given up', 1, [0, 1], []],
    ['back to a key that was given up', 0, [0, 4], []],
    ['not signed by the old key', 1, [2], []],
    ['not signed by the new key', 1, [3], []],
    ['a signature was changed', 1, [5], []],
  ];
  return {
    name: 'identity',
    about:
      "How a server's identity key is followed by another one (docs/identity.md). Keys are PublicKey messages, rotations IdentityRotation messages. In a case, `identity` and `rotations` name them by their places, and `leadsFrom` has the keys that are led to the identity; with none the line is refused, with `reason`.",
    madeFrom: 'src/event/identity-rotation.ts and src/trust/identity-line.ts',
    lists: {
      keys: keys.map(({ seed, publicKey }) => ({
        ...{ seed, key: publicKeyBytes(publicKey), fingerprint: publicKey.fingerprint },
      })),
      rotations: rotations.map((message) => ({ message })),
      cases: await Promise.all(
        cases.map(async ([name, identity, shown, leadsFrom]): Promise<VectorCase> => {
          const key = (keys[identity] as FixedKey).publicKey;
          const messages = shown.map((at) => rotations[at] as Buffer);
          const reason = await verifyIdentityLine(key, messages).then(
            () => undefined,
            (error: unknown) => (error instanceof AtedbError ? error.reason : String(error)),
          );
          return { ...{ name, identity, rotations: shown, leadsFrom }, reason };
        }),
      ),
    },
  };
}
