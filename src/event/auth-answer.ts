import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { authAnswerForm, authAnswerHeaderForm } from './auth-answer-forms.ts';
import { magics } from './forms.ts';
import { type Owner, parseOwner } from './owner.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';
import { signatureBytes } from './seal.ts';
import { parseSignature, type SignatureView } from './seal-view.ts';

/** A key of an owner that counts no more. Fingerprints are 32 bytes. */
export interface AnsweredChange {
  readonly fingerprint: Buffer;
  /** Has its place in every rule; undefined: none has. */
  readonly successor: Buffer | undefined;
}

/** Whose keys count in the chains of an owner, as an auth service says it. */
export interface AuthAnswerClaim {
  readonly owner: Owner;
  /** How often the account was changed, up to what `changed` tells of. */
  readonly version: number;
  /** Milliseconds since 1970-01-01 UTC, as all times here. */
  readonly issuedUnixMs: number;
  /** From then on it counts no more. */
  readonly expiresUnixMs: number;
  /** 1 to 16, sorted by fingerprint, once each. */
  readonly roots: readonly PublicKey[];
  /** At most 16, sorted by fingerprint, once each, no roots. */
  readonly writers: readonly PublicKey[];
  /** Fingerprints; at most 16, sorted, once each. */
  readonly admitted: readonly Buffer[];
  /** At most 256, in the order in which they were changed. */
  readonly changed: readonly AnsweredChange[];
  /** Nobody has checked that the name is the account's. */
  readonly isUnverified: boolean;
  /** The account was removed. */
  readonly isRemoved: boolean;
  /** The identity of the auth service. */
  readonly identity: PublicKey;
}

/** An AuthAnswer message as it was read. Its signature and its rotations are not verified. */
export interface ParsedAuthAnswer extends AuthAnswerClaim {
  /** What the signature is over. */
  readonly headerBytes: Buffer;
  readonly signature: SignatureView;
  /** IdentityRotation messages, oldest first. */
  readonly rotations: readonly Buffer[];
}

/** Serialise the header of an answer: what is signed. Lists are sorted here; what they may hold is checked by who reads. */
export function authAnswerHeader(claim: AuthAnswerClaim): Buffer {
  const header = new FieldWriter()
    .fixed32(1, magics.authAnswer)
    .string(2, claim.owner.text)
    .varint(3, claim.version)
    .varint(4, claim.issuedUnixMs)
    .varint(5, claim.expiresUnixMs);
  for (const root of sortedKeys(claim.roots)) header.message(6, publicKeyBytes(root));
  for (const writer of sortedKeys(claim.writers)) header.message(7, publicKeyBytes(writer));
  for (const admitted of [...claim.admitted].sort(Buffer.compare)) header.bytes(8, admitted);
  for (const { fingerprint, successor } of claim.changed) {
    header.message(9, new FieldWriter().bytes(1, fingerprint).bytes(2, successor).finish());
  }
  return header
    .varint(10, claim.isUnverified ? 1 : 0)
    .varint(11, claim.isRemoved ? 1 : 0)
    .message(12, publicKeyBytes(claim.identity))
    .finish();
}

/** Serialise an AuthAnswer message. @param rotations IdentityRotation messages, oldest first. */
export function encodeAuthAnswer(
  headerBytes: Buffer,
  identity: PublicKey,
  signature: Buffer,
  rotations: readonly Buffer[] = [],
): Buffer {
  const answer = new FieldWriter()
    .bytes(1, headerBytes)
    .message(2, signatureBytes(identity, signature));
  for (const rotation of rotations) answer.message(3, rotation);
  return answer.finish();
}

/**
 * Take the rotations off an AuthAnswer message, as chains hold it: they have events for them. What is signed stays byte for byte.
 *
 * @param message that was parsed before.
 */
export function withoutRotations(message: Buffer): Buffer {
  const cursor = new FieldCursor(message);
  const kept = new FieldWriter();
  while (cursor.next()) {
    if (cursor.field === 1) kept.bytes(1, cursor.bytesValue());
    else if (cursor.field === 2) kept.message(2, cursor.bytesValue());
  }
  return kept.finish();
}

/**
 * Read an AuthAnswer message. The bytes are copied.
 *
 * @throws AtedbError NON_CANONICAL for what isn't in the strict form; AUTH_ANSWER_INVALID for what it says.
 */
export function parseAuthAnswer(message: Buffer): ParsedAuthAnswer {
  const bytes = Buffer.from(message);
  checkStrict(authAnswerForm, bytes);
  const cursor = new FieldCursor(bytes);
  let headerBytes = nothing;
  let signature = nothing;
  const rotations: Buffer[] = [];
  while (cursor.next()) {
    if (cursor.field === 1) headerBytes = cursor.bytesValue();
    else if (cursor.field === 2) signature = cursor.bytesValue();
    else rotations.push(cursor.bytesValue());
  }
  checkStrict(authAnswerHeaderForm, headerBytes);
  const claim = readHeader(headerBytes);
  check(claim);
  return { ...claim, headerBytes, signature: parseSignature(signature), rotations };
}

const nothing: Buffer = Buffer.alloc(0);

function readHeader(bytes: Buffer): AuthAnswerClaim {
  const cursor = new FieldCursor(bytes);
  let owner = '';
  let version = 0;
  let issuedUnixMs = 0;
  let expiresUnixMs = 0;
  const roots: PublicKey[] = [];
  const writers: PublicKey[] = [];
  const admitted: Buffer[] = [];
  const changed: AnsweredChange[] = [];
  let isUnverified = false;
  let isRemoved = false;
  let identity: PublicKey | undefined;
  while (cursor.next()) {
    if (cursor.field === 2) owner = cursor.stringValue();
    else if (cursor.field === 3) version = cursor.value;
    else if (cursor.field === 4) issuedUnixMs = cursor.value;
    else if (cursor.field === 5) expiresUnixMs = cursor.value;
    else if (cursor.field === 6) roots.push(keyOf('one of its roots', cursor.bytesValue()));
    else if (cursor.field === 7) writers.push(keyOf('one of its writers', cursor.bytesValue()));
    else if (cursor.field === 8) admitted.push(cursor.bytesValue());
    else if (cursor.field === 9) changed.push(parseChange(cursor.bytesValue()));
    else if (cursor.field === 10) isUnverified = true;
    else if (cursor.field === 11) isRemoved = true;
    else if (cursor.field === 12) identity = keyOf('its identity', cursor.bytesValue());
  }
  if (identity === undefined) throw new Error('the strict form has passed it');
  return {
    ...{ owner: ownerIn(owner), version, issuedUnixMs, expiresUnixMs, roots, writers, admitted },
    ...{ changed, isUnverified, isRemoved, identity },
  };
}

function parseChange(bytes: Buffer): AnsweredChange {
  const cursor = new FieldCursor(bytes);
  cursor.next();
  const fingerprint = cursor.bytesValue();
  return { fingerprint, successor: cursor.next() ? cursor.bytesValue() : undefined };
}

/** What the strict form doesn't say: every implementation refuses the same. */
function check(claim: AuthAnswerClaim): void {
  if (claim.expiresUnixMs <= claim.issuedUnixMs) throw invalid('it expires before it is given');
  const rootNames = claim.roots.map(({ fingerprint }) => fingerprint);
  const writerNames = claim.writers.map(({ fingerprint }) => fingerprint);
  checkSorted('roots', rootNames);
  checkSorted('writers', writerNames);
  checkSorted('admitted keys', claim.admitted);
  const counting = new Set([...rootNames, ...writerNames].map((name) => name.toString('hex')));
  if (counting.size < rootNames.length + writerNames.length) {
    throw invalid('one of its roots is among its writers');
  }
  const retired = new Set(claim.changed.map(({ fingerprint }) => fingerprint.toString('hex')));
  if (retired.size < claim.changed.length) throw invalid('it changes a key twice');
  for (const { fingerprint, successor } of claim.changed) {
    if (successor === undefined || !retired.has(successor.toString('hex'))) continue;
    throw invalid(
      `it has the key ${fingerprint.toString('hex')} followed by one that counts no more, or by itself`,
    );
  }
  const again = [...claim.admitted.map((one) => one.toString('hex')), ...counting].find((name) =>
    retired.has(name),
  );
  if (again !== undefined)
    throw invalid(`it names the key ${again}, which it says to count no more`);
}

function checkSorted(what: string, fingerprints: readonly Buffer[]): void {
  fingerprints.forEach((fingerprint, index) => {
    const previous = fingerprints[index - 1];
    if (previous === undefined || Buffer.compare(previous, fingerprint) < 0) return;
    throw invalid(`its ${what} are not sorted by fingerprint, once each`);
  });
}

function sortedKeys(keys: readonly PublicKey[]): PublicKey[] {
  return [...keys].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
}

function keyOf(what: string, bytes: Buffer): PublicKey {
  return about(`${what} is no key`, () => parsePublicKey(bytes));
}

function ownerIn(text: string): Owner {
  return about('its owner is none', () => parseOwner(text));
}

function about<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw invalid(`${what}: ${error.message}`, error);
  }
}

function invalid(why: string, cause?: AtedbError): AtedbError {
  return new AtedbError('AUTH_ANSWER_INVALID', `the auth service's answer is not valid: ${why}`, {
    cause,
  });
}
