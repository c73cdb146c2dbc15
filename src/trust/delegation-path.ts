import { AtedbError, timeText } from '../bytes/index.ts';
import { type KeyPair, type PublicKey, signatureContexts } from '../crypto/index.ts';
import {
  beyondScope,
  type DelegationClaim,
  delegationHeader,
  encodeDelegation,
  type ParsedDelegation,
  parseDelegation,
  type SignatureView,
  scopeCovers,
} from '../event/index.ts';

/**
 * Delegate: have both keys sign.
 *
 * @param keys the subject is the one that the claim names.
 * @throws AtedbError DELEGATION_INVALID for a claim that says what can't be.
 */
export async function signDelegation(
  claim: Omit<DelegationClaim, 'issuer' | 'subject'>,
  { issuer, subject }: { readonly issuer: KeyPair; readonly subject: KeyPair },
): Promise<ParsedDelegation> {
  const keys = { issuer: issuer.publicKey, subject: subject.publicKey };
  const header = delegationHeader({
    ...claim,
    issuer: keys.issuer.fingerprint,
    subject: keys.subject,
  });
  const [byIssuer, bySubject] = await Promise.all([
    issuer.sign(signatureContexts.delegation, header),
    subject.sign(signatureContexts.delegationPossession, header),
  ]);
  return parseDelegation(encodeDelegation(header, keys, { issuer: byIssuer, subject: bySubject }));
}

/**
 * Check that delegations are one path, in its order: each is by the subject of the one before, and says no more than that.
 * Whether they are signed is `verifyDelegations`; whether the first issuer has any right is the chain's to say.
 *
 * @throws AtedbError DELEGATION_INVALID.
 */
export function checkDelegationPath(path: readonly ParsedDelegation[]): void {
  const passed = new Set<string>();
  path.forEach((delegation, index) => {
    const before = path[index - 1];
    if (before !== undefined) checkFollows(delegation, before);
    passed.add(delegation.issuerHex);
    if (passed.has(delegation.subject.fingerprintHex)) {
      throw invalid(delegation, 'it leads back to a key that the path has passed');
    }
  });
}

function checkFollows(delegation: ParsedDelegation, before: ParsedDelegation): void {
  const { subject } = before;
  if (delegation.issuerHex !== subject.fingerprintHex) {
    throw invalid(
      delegation,
      `it is by the key ${delegation.issuerHex}, and the one before it is to ${subject.fingerprintHex}`,
    );
  }
  const beyond = beyondScope(delegation.chains, before.chains);
  if (beyond !== undefined) {
    throw invalid(delegation, `it names ${beyond}, which the one before it doesn't`);
  }
  const wider =
    (delegation.mayWrite && !before.mayWrite && 'to write') ||
    (delegation.mayRead && !before.mayRead && 'to read');
  if (wider)
    throw invalid(delegation, `it gives the right ${wider}, which its issuer wasn't given`);
  const isLonger =
    delegation.notBeforeUnixMs < before.notBeforeUnixMs ||
    delegation.expiresUnixMs > before.expiresUnixMs;
  if (isLonger) throw invalid(delegation, 'it counts for longer than the one before it');
}

/**
 * Verify the signatures of a path, one delegation after the other, so that what a stranger makes up costs one of them. Runs in the
 * thread pool.
 *
 * @param issuer the key of the first one's issuer.
 * @throws AtedbError DELEGATION_INVALID naming the delegation.
 */
export async function verifyDelegations(
  path: readonly ParsedDelegation[],
  issuer: PublicKey,
): Promise<void> {
  let by = issuer;
  for (const delegation of path) {
    const { subject, headerBytes, signature, possession } = delegation;
    await verifyOne(delegation, by, signature, signatureContexts.delegation, headerBytes);
    const context = signatureContexts.delegationPossession;
    await verifyOne(delegation, subject, possession, context, headerBytes);
    by = subject;
  }
}

async function verifyOne(
  delegation: ParsedDelegation,
  key: PublicKey,
  { suite, fingerprint, signature }: SignatureView,
  context: string,
  headerBytes: Buffer,
): Promise<void> {
  const isNamed = suite === key.suite && key.fingerprint.equals(fingerprint);
  if (isNamed && (await key.verify(context, headerBytes, signature))) return;
  throw invalid(
    delegation,
    `the signature of the key ${key.fingerprintHex} over it does not verify`,
  );
}

/**
 * Refuse a path that doesn't count in a chain, or gives no right to something.
 *
 * @throws AtedbError DELEGATION_OUT_OF_SCOPE naming the delegation and its chains.
 */
export function checkScopeOfPath(
  path: readonly ParsedDelegation[],
  chainKey: string,
  right?: 'to read' | 'to write',
): void {
  for (const delegation of path) {
    const { chains, mayRead, mayWrite } = delegation;
    const metadata = { ...about(delegation), chains: chains.join(',') };
    if (!scopeCovers(chains, chainKey)) {
      throw new AtedbError(
        'DELEGATION_OUT_OF_SCOPE',
        `the delegation ${metadata.serial} counts in ${chains.join(', ')}, and not in ${chainKey}. Ask its issuer, ${delegation.issuerHex}, for another`,
        { metadata },
      );
    }
    const gives = right === undefined || (right === 'to read' ? mayRead : mayWrite);
    if (gives) continue;
    throw new AtedbError(
      'DELEGATION_OUT_OF_SCOPE',
      `the delegation ${metadata.serial} gives no right ${right}. Ask its issuer, ${delegation.issuerHex}, for another`,
      { metadata },
    );
  }
}

/** Times between which something counts; in milliseconds since 1970-01-01 UTC. */
interface Times {
  readonly notBeforeUnixMs: number;
  readonly expiresUnixMs: number;
}

/** Whether it counts at a time. */
export function countsAt({ notBeforeUnixMs, expiresUnixMs }: Times, timeUnixMs: number): boolean {
  return notBeforeUnixMs <= timeUnixMs && timeUnixMs < expiresUnixMs;
}

/** Refuse a path that doesn't count at a time. @throws AtedbError DELEGATION_EXPIRED naming the delegation. */
export function checkTimesOfPath(path: readonly ParsedDelegation[], timeUnixMs: number): void {
  const late = path.find((delegation) => !countsAt(delegation, timeUnixMs));
  if (late === undefined) return;
  throw expired(late, about(late), timeUnixMs);
}

/** What a delegation that doesn't count at a time is refused with. */
export function expired(
  { notBeforeUnixMs, expiresUnixMs }: Times,
  metadata: Record<string, string>,
  timeUnixMs: number,
): AtedbError {
  const isEarly = timeUnixMs < notBeforeUnixMs;
  const at = timeText(isEarly ? notBeforeUnixMs : expiresUnixMs);
  return new AtedbError(
    'DELEGATION_EXPIRED',
    `the delegation ${metadata.serial} ${isEarly ? `counts from ${at} on only` : `has expired at ${at}`}, and the server's clock is at ${timeText(timeUnixMs)}. Ask its issuer, ${metadata.issuer}, for another`,
    { metadata },
  );
}

function about({ serial, issuerHex, subject }: ParsedDelegation) {
  return {
    serial: serial.toString('hex'),
    issuer: issuerHex,
    fingerprint: subject.fingerprintHex,
  };
}

function invalid(delegation: ParsedDelegation, why: string): AtedbError {
  const metadata = about(delegation);
  return new AtedbError(
    'DELEGATION_INVALID',
    `the delegation ${metadata.serial}, to the key ${metadata.fingerprint}, is not valid: ${why}`,
    { metadata },
  );
}
