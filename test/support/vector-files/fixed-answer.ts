import { FieldWriter } from '../../../src/bytes/index.ts';
import { signatureContexts, suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import {
  type AuthAnswerClaim,
  authAnswerHeader,
  type BuiltEvent,
  encodeAuthAnswer,
  encodeIdentityRotation,
  identityRotationHeader,
  parseOwner,
  publicKeyBytes,
} from '../../../src/event/index.ts';
import { type FixedKey, fixedKey } from './fixed.ts';
import { fixedEvent } from './fixed-chain.ts';
import type { VectorCase } from './vector-file.ts';

// An auth service whose every answer follows from what it is to say, and those of whom it speaks.

/** Who sign, and whose keys are named. */
export const people = {
  service: fixedKey('auth service'),
  // One of the suite that servers have by default; the others are of the smaller one, for the sake of the files.
  nextService: fixedKey('auth service, rotated', { suite: suiteMldsa65Ed25519 }),
  otherService: fixedKey('another auth service'),
  server: fixedKey('server of owners'),
  nextServer: fixedKey('server of owners, rotated'),
  mine: fixedKey('root of an owner'),
  next: fixedKey('root of an owner, replaced'),
  second: fixedKey('second root of an owner'),
  role: fixedKey('key of a role'),
  nextRole: fixedKey('key of a role, replaced'),
  guest: fixedKey('key that is let in'),
  stranger: fixedKey('stranger to owners'),
} as const;

/** When what is said here begins, in milliseconds since 1970-01-01 UTC. */
export const startMs = 1_700_000_000_000;

/** What an answer says unless it is to say something else. */
export function claimOf(said: Partial<AuthAnswerClaim> = {}): AuthAnswerClaim {
  return {
    ...{ owner: parseOwner('me@example.com'), version: 0 },
    ...{ issuedUnixMs: startMs, expiresUnixMs: startMs + 1_000 },
    ...{ roots: [people.mine.publicKey], writers: [], admitted: [], changed: [] },
    ...{ isUnverified: false, isRemoved: false, identity: people.service.publicKey },
    ...said,
  };
}

/** An AuthAnswer message. @param by signs; `context` is what for. */
export function answerOf(
  said: Partial<AuthAnswerClaim> = {},
  {
    by = people.service,
    rotations = [],
    context = signatureContexts.authAnswer,
  }: { by?: FixedKey; rotations?: readonly Buffer[]; context?: string } = {},
): Buffer {
  return signedAnswer(authAnswerHeader(claimOf(said)), { by, rotations, context });
}

/** The same of header bytes, whatever they are. */
export function signedAnswer(
  header: Buffer,
  {
    by = people.service,
    rotations = [],
    context = signatureContexts.authAnswer,
  }: { by?: FixedKey; rotations?: readonly Buffer[]; context?: string } = {},
): Buffer {
  return encodeAuthAnswer(header, by.publicKey, by.sign(context, header), rotations);
}

/** An IdentityRotation message. @param signers sign in place of the two. */
export function rotationOf(
  from: FixedKey,
  to: FixedKey,
  signers: { readonly from: FixedKey; readonly to: FixedKey } = { from, to },
): Buffer {
  const claim = {
    oldIdentity: from.publicKey,
    newIdentity: to.publicKey,
    timeUnixMs: startMs,
  };
  const header = identityRotationHeader(claim);
  return encodeIdentityRotation(header, claim, {
    old: signers.from.sign(signatureContexts.identityRotation, header),
    new: signers.to.sign(signatureContexts.identityPossession, header),
  });
}

/** The event that holds an answer. */
export function answerEvent(name: string, authAnswer: Buffer): BuiltEvent {
  return fixedEvent(name, {
    kind: 'auth_answer',
    primaryKey: undefined,
    authority: { authAnswer },
  });
}

/** The event that holds a rotation. */
export function identityEvent(name: string, serverIdentity: Buffer): BuiltEvent {
  return fixedEvent(name, {
    kind: 'server_identity',
    primaryKey: undefined,
    authority: { serverIdentity },
  });
}

/** The keys of a file, as its readers are told them. */
export function keyCases(keys: Readonly<Record<string, FixedKey>>): VectorCase[] {
  return Object.entries(keys).map(([name, { seed, suite, publicKey }]) => ({
    ...{ name, suite, seed, key: publicKeyBytes(publicKey), fingerprint: publicKey.fingerprint },
  }));
}

/** A message of fields that are written as they are: tag, length and content. */
export function fieldsOf(fields: readonly (readonly [number: number, bytes: Buffer])[]): Buffer {
  const writer = new FieldWriter();
  for (const [number, bytes] of fields) writer.message(number, bytes);
  return writer.finish();
}
