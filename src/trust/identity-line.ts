import { AtedbError, identityRotationsMax } from '../bytes/index.ts';
import { type KeyPair, type PublicKey, signatureContexts } from '../crypto/index.ts';
import {
  encodeIdentityRotation,
  identityRotationHeader,
  type ParsedIdentityRotation,
  parseIdentityRotation,
} from '../event/index.ts';

/** A server's identity key, and the ones that it had before. Verified: each of them has vouched for the next. */
export interface IdentityLine {
  /** As it is now. */
  readonly identity: PublicKey;
  /** IdentityRotation messages, oldest first. */
  readonly rotations: readonly Buffer[];
  /** Fingerprints of all its keys, in hexadecimal, oldest first; the last is the identity's. */
  readonly fingerprints: readonly string[];
}

/** The line of an identity that was never rotated. */
export function identityLineOf(identity: PublicKey): IdentityLine {
  return { identity, rotations: [], fingerprints: [identity.fingerprintHex] };
}

/**
 * Verify that rotations lead to an identity: each is signed by the key that it retires and by the one that follows, and
 * begins where the one before it ends. Runs in the thread pool. That it is the right server isn't checked: see `isOfLine`.
 *
 * @param rotations IdentityRotation messages, oldest first; they are copied.
 * @throws AtedbError NON_CANONICAL, REQUEST_INVALID, UNSUPPORTED for bytes that are none; SIGNATURE_INVALID; VERIFICATION_FAILED
 * where they are too many, have a gap, come back to a key, or lead elsewhere.
 */
export async function verifyIdentityLine(
  identity: PublicKey,
  rotations: readonly Buffer[],
): Promise<IdentityLine> {
  // Before anything is parsed or verified: what a server sends is not to cost more than a real one's.
  if (rotations.length > identityRotationsMax) {
    throw failed(`it shows ${rotations.length}, and may show ${identityRotationsMax}`);
  }
  const parsed = rotations.map(parseIdentityRotation);
  const fingerprints = fingerprintsOf(identity, parsed);
  await Promise.all(parsed.map(verifyRotation));
  return { identity, rotations: rotations.map((message) => Buffer.from(message)), fingerprints };
}

/** Whether a key is the identity, or one that it had before and that has vouched for what followed. */
export function isOfLine(line: IdentityLine, { fingerprintHex }: PublicKey): boolean {
  return line.fingerprints.includes(fingerprintHex);
}

/** Whether a key is one that the identity had before, and not the one that it is. */
export function isRetired(line: IdentityLine, { fingerprintHex }: PublicKey): boolean {
  return line.fingerprints.slice(0, -1).includes(fingerprintHex);
}

/**
 * Have an identity followed by another one.
 *
 * @param pairs.old the identity's.
 * @param timeUnixMs milliseconds since 1970-01-01 UTC.
 * @throws AtedbError REQUEST_INVALID where it was rotated so often already that clients wouldn't take one more.
 */
export async function extendIdentityLine(
  line: IdentityLine,
  pairs: { readonly old: KeyPair; readonly new: KeyPair },
  timeUnixMs: number,
): Promise<IdentityLine> {
  if (line.rotations.length >= identityRotationsMax) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `the identity was rotated ${line.rotations.length} times, and clients take no more than ${identityRotationsMax} rotations: a server with a new identity has to be set up, and its chains to be made anew there`,
      { metadata: { limit: String(identityRotationsMax) } },
    );
  }
  const claim = {
    oldIdentity: pairs.old.publicKey,
    newIdentity: pairs.new.publicKey,
    timeUnixMs,
  };
  const header = identityRotationHeader(claim);
  const [old, own] = await Promise.all([
    pairs.old.sign(signatureContexts.identityRotation, header),
    pairs.new.sign(signatureContexts.identityPossession, header),
  ]);
  const message = encodeIdentityRotation(header, claim, { old, new: own });
  // What is written is what everybody will be shown: it is verified as they will.
  return verifyIdentityLine(pairs.new.publicKey, [...line.rotations, message]);
}

/** The keys that rotations lead through. */
function fingerprintsOf(
  identity: PublicKey,
  parsed: readonly ParsedIdentityRotation[],
): readonly string[] {
  const last = parsed.at(-1);
  if (last === undefined) return [identity.fingerprintHex];
  parsed.forEach(({ oldIdentity }, index) => {
    const before = parsed[index - 1]?.newIdentity;
    if (before === undefined || before.fingerprint.equals(oldIdentity.fingerprint)) return;
    throw failed(
      `one leads to the key ${before.fingerprintHex}, and the next goes on from ${oldIdentity.fingerprintHex}`,
    );
  });
  if (!last.newIdentity.fingerprint.equals(identity.fingerprint)) {
    throw failed(
      `they lead to the key ${last.newIdentity.fingerprintHex}, and it is ${identity.fingerprintHex}`,
    );
  }
  const fingerprints = parsed.map(({ oldIdentity }) => oldIdentity.fingerprintHex);
  fingerprints.push(identity.fingerprintHex);
  const again = fingerprints.find((name, index) => fingerprints.indexOf(name) !== index);
  if (again !== undefined) throw failed(`they come back to the key ${again}, which was retired`);
  return fingerprints;
}

/**
 * Verify that a rotation is signed by both of its keys. Runs in the thread pool.
 *
 * @throws AtedbError SIGNATURE_INVALID.
 */
export async function verifyRotation(rotation: ParsedIdentityRotation): Promise<void> {
  const { oldIdentity, newIdentity, oldSignature, newSignature, headerBytes } = rotation;
  const { identityRotation, identityPossession } = signatureContexts;
  for (const [key, { suite, fingerprint, signature }, context] of [
    [oldIdentity, oldSignature, identityRotation],
    [newIdentity, newSignature, identityPossession],
  ] as const) {
    const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
    if (isNamed && (await key.verify(context, headerBytes, signature))) continue;
    throw new AtedbError(
      'SIGNATURE_INVALID',
      `the rotation of a server's identity from ${oldIdentity.fingerprintHex} to ${newIdentity.fingerprintHex} is not signed by ${key.fingerprintHex}`,
      { metadata: { fingerprint: key.fingerprintHex } },
    );
  }
}

function failed(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the rotations of the server's identity don't lead to it: ${why}`,
  );
}
