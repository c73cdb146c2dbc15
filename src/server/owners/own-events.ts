import { randomBytes } from 'node:crypto';
import { AtedbError } from '../../bytes/index.ts';
import type { PublicKey } from '../../crypto/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  type ParsedAuthAnswer,
  parseAuthAnswer,
  parseIdentityRotation,
  withoutRotations,
} from '../../event/index.ts';
import {
  type IdentityLine,
  isOfLine,
  type OwnerRecord,
  verifyAuthAnswer,
  verifyIdentityLine,
} from '../../trust/index.ts';

const saltBytes = 16;

/** An answer of an auth service, verified: it is signed by its identity, and the rotations lead to that one. */
export interface VerifiedAnswer {
  readonly answer: ParsedAuthAnswer;
  /** Of the auth service. */
  readonly line: IdentityLine;
  /** The AuthAnswer message as chains hold it: without rotations. */
  readonly held: Buffer;
}

/**
 * Verify what an auth service has answered. Runs in the thread pool. Whether it is the right service isn't checked.
 *
 * @param message a serialised AuthAnswer.
 * @param owner whom it was asked about.
 * @throws AtedbError AUTH_ANSWER_INVALID, NON_CANONICAL, SIGNATURE_INVALID, VERIFICATION_FAILED.
 */
export async function verifyAnswer(message: Buffer, owner: string): Promise<VerifiedAnswer> {
  const answer = parseAuthAnswer(message);
  if (answer.owner.text !== owner) {
    throw new AtedbError(
      'AUTH_ANSWER_INVALID',
      `the auth service was asked about ${owner}, and answers about ${answer.owner.text}`,
      { metadata: { owner } },
    );
  }
  const line = await verifyIdentityLine(answer.identity, answer.rotations);
  await verifyAuthAnswer(answer);
  return { answer, line, held: withoutRotations(message) };
}

/**
 * Make the events that a chain needs before the server, or an auth service, speaks with the identity that it has now.
 *
 * @param from the identity as the chain has it.
 * @returns none where it is that one.
 * @throws AtedbError SERVER_IDENTITY_MISMATCH where no rotation leads from the one to the other.
 */
export function rotationEvents(line: IdentityLine, from: PublicKey, whose: string): BuiltEvent[] {
  if (!isOfLine(line, from)) {
    throw new AtedbError(
      'SERVER_IDENTITY_MISMATCH',
      `the chain knows the identity of ${whose} as ${from.fingerprintHex}, and it is ${line.identity.fingerprintHex} now, with no rotation that leads from the one to the other`,
      { metadata: { fingerprint: line.identity.fingerprintHex, expected: from.fingerprintHex } },
    );
  }
  const start = line.rotations.findIndex((message) =>
    parseIdentityRotation(message).oldIdentity.fingerprint.equals(from.fingerprint),
  );
  const due = start < 0 ? [] : line.rotations.slice(start);
  return due.map((serverIdentity) => ownEvent('server_identity', { serverIdentity }));
}

/** Make the event of an answer. */
export function answerEvent({ held }: VerifiedAnswer): BuiltEvent {
  return ownEvent('auth_answer', { authAnswer: held });
}

function ownEvent(
  kind: 'auth_answer' | 'server_identity',
  authority: { readonly authAnswer?: Buffer; readonly serverIdentity?: Buffer },
): BuiltEvent {
  return buildEvent({ kind, authority, data: Buffer.alloc(0), salt: randomBytes(saltBytes) });
}

/** Whether a chain takes an answer after the one that it has. */
export function isNewer({ version, expiresUnixMs }: ParsedAuthAnswer, than: OwnerRecord): boolean {
  return version > than.version || (version === than.version && expiresUnixMs > than.expiresUnixMs);
}
