import { AtedbError, checkStrict, FieldCursor, FieldWriter } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { delegationForm, delegationHeaderForm } from './delegation-forms.ts';
import { checkScope } from './delegation-scope.ts';
import { magics } from './forms.ts';
import { parsePublicKey, publicKeyBytes } from './public-key.ts';
import { signatureBytes } from './seal.ts';
import { parseSignature, type SignatureView } from './seal-view.ts';

/** Which key may do what of what another may. */
export interface DelegationClaim {
  /** Fingerprint of the key that delegates; 32 bytes. */
  readonly issuer: Buffer;
  /** The key that it delegates to. */
  readonly subject: PublicKey;
  /** Chain keys, and `owner/*` for all chains of an owner; sorted, once each; 1 to 16. */
  readonly chains: readonly string[];
  readonly mayWrite: boolean;
  readonly mayRead: boolean;
  /** Milliseconds since 1970-01-01 UTC; 0: always so far. */
  readonly notBeforeUnixMs: number;
  /** Milliseconds since 1970-01-01 UTC; from then on it doesn't count. */
  readonly expiresUnixMs: number;
  /** 16 random bytes. */
  readonly serial: Buffer;
}

/** A Delegation message as it was read. Its signatures are not verified. */
export interface ParsedDelegation extends DelegationClaim {
  /** The whole message. */
  readonly bytes: Buffer;
  /** What both signatures are over. */
  readonly headerBytes: Buffer;
  /** In hexadecimal. */
  readonly issuerHex: string;
  readonly signature: SignatureView;
  readonly possession: SignatureView;
}

/** Serialise the header of a delegation: what both keys sign, each in a context of its own. */
export function delegationHeader(claim: DelegationClaim): Buffer {
  const writer = new FieldWriter()
    .fixed32(1, magics.delegation)
    .bytes(2, claim.issuer)
    .message(3, publicKeyBytes(claim.subject));
  for (const entry of claim.chains) writer.string(4, entry);
  return writer
    .varint(5, claim.mayWrite ? 1 : 0)
    .varint(6, claim.mayRead ? 1 : 0)
    .varint(7, claim.notBeforeUnixMs)
    .varint(8, claim.expiresUnixMs)
    .bytes(9, claim.serial)
    .finish();
}

/** Serialise a Delegation message. */
export function encodeDelegation(
  headerBytes: Buffer,
  keys: { readonly issuer: PublicKey; readonly subject: PublicKey },
  signatures: { readonly issuer: Buffer; readonly subject: Buffer },
): Buffer {
  return new FieldWriter()
    .bytes(1, headerBytes)
    .message(2, signatureBytes(keys.issuer, signatures.issuer))
    .message(3, signatureBytes(keys.subject, signatures.subject))
    .finish();
}

/**
 * Read a Delegation message. The bytes are copied. That it says what can be is checked; its signatures are not: see `trust`.
 *
 * @throws AtedbError DELEGATION_INVALID, saying what is wrong.
 */
export function parseDelegation(message: Buffer): ParsedDelegation {
  const bytes = Buffer.from(message);
  try {
    checkStrict(delegationForm, bytes);
    const [headerBytes, signature, possession] = fieldsOf(bytes);
    const claim = parseHeader(headerBytes as Buffer);
    checkClaim(claim);
    return {
      ...claim,
      bytes,
      headerBytes: headerBytes as Buffer,
      issuerHex: claim.issuer.toString('hex'),
      signature: parseSignature(signature as Buffer),
      possession: parseSignature(possession as Buffer),
    };
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError('DELEGATION_INVALID', `a delegation is not valid: ${error.message}`, {
      cause: error,
    });
  }
}

/** The contents of all fields of a message that has one of each, and all of bytes. */
function fieldsOf(bytes: Buffer): Buffer[] {
  const cursor = new FieldCursor(bytes);
  const found: Buffer[] = [];
  while (cursor.next()) found.push(cursor.bytesValue());
  return found;
}

function parseHeader(headerBytes: Buffer): DelegationClaim {
  checkStrict(delegationHeaderForm, headerBytes);
  const cursor = new FieldCursor(headerBytes);
  const chains: string[] = [];
  const none: Buffer = Buffer.alloc(0);
  const found = { issuer: none, subject: none, serial: none };
  let mayWrite = false;
  let mayRead = false;
  let notBeforeUnixMs = 0;
  let expiresUnixMs = 0;
  while (cursor.next()) {
    if (cursor.field === 2) found.issuer = cursor.bytesValue();
    else if (cursor.field === 3) found.subject = cursor.bytesValue();
    else if (cursor.field === 4) chains.push(cursor.bytesValue().toString('utf8'));
    else if (cursor.field === 5) mayWrite = true;
    else if (cursor.field === 6) mayRead = true;
    else if (cursor.field === 7) notBeforeUnixMs = cursor.value;
    else if (cursor.field === 8) expiresUnixMs = cursor.value;
    else if (cursor.field === 9) found.serial = cursor.bytesValue();
  }
  const { issuer, serial } = found;
  const subject = parsePublicKey(found.subject);
  const times = { notBeforeUnixMs, expiresUnixMs };
  return { issuer, subject, chains, mayWrite, mayRead, ...times, serial };
}

function checkClaim(claim: DelegationClaim): void {
  const { issuer, subject, chains, mayWrite, mayRead, notBeforeUnixMs, expiresUnixMs } = claim;
  checkScope(chains);
  if (subject.fingerprint.equals(issuer)) {
    throw invalid(`it delegates from the key ${subject.fingerprintHex} to itself`);
  }
  if (!mayWrite && !mayRead) throw invalid('it lets its subject neither write nor read');
  if (expiresUnixMs <= notBeforeUnixMs) {
    throw invalid(
      `it expires at ${expiresUnixMs}, and counts from ${notBeforeUnixMs} on only, which is not before that`,
    );
  }
}

function invalid(why: string): AtedbError {
  return new AtedbError('DELEGATION_INVALID', why);
}
