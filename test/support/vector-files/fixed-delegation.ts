import { signatureContexts } from '../../../src/crypto/index.ts';
import {
  type DelegationClaim,
  delegationHeader,
  encodeDelegation,
} from '../../../src/event/index.ts';
import { type FixedKey, fixedBytes, fixedKey } from './fixed.ts';
import { startMs } from './fixed-answer.ts';

// Delegations whose every byte follows from what they are to say, and those who give them on.

/** Who give, and who are given to. */
export const holders = {
  root: fixedKey('root that delegates'),
  alice: fixedKey('alice of delegations'),
  first: fixedKey('first holder'),
  second: fixedKey('second holder'),
  third: fixedKey('third holder'),
  fourth: fixedKey('fourth holder'),
  fifth: fixedKey('fifth holder'),
  mallory: fixedKey('mallory of delegations'),
} as const;

/** The chain that usual delegations are for. */
export const delegatedChain = 'example.com/me/vectors';

/** What a delegation may say otherwise. */
export type DelegationSaid = Partial<Omit<DelegationClaim, 'issuer' | 'subject'>>;

/** Who is to sign it, where that isn't who it names. */
export interface DelegationSigners {
  readonly issuer?: FixedKey;
  readonly subject?: FixedKey;
  readonly contexts?: { readonly issuer: string; readonly subject: string };
}

/** The header of a delegation: to write, in all chains of an owner, from the start on for a second. */
export function delegationHeaderOf(
  issuer: FixedKey,
  subject: FixedKey,
  said: DelegationSaid = {},
): Buffer {
  return delegationHeader({
    ...{ chains: ['example.com/me/*'], mayWrite: true, mayRead: false },
    ...{ notBeforeUnixMs: startMs, expiresUnixMs: startMs + 1_000 },
    serial: fixedBytes(`serial from ${issuer.name} to ${subject.name}`, 16),
    ...said,
    ...{ issuer: issuer.publicKey.fingerprint, subject: subject.publicKey },
  });
}

/** A Delegation message. */
export function delegationOf(
  issuer: FixedKey,
  subject: FixedKey,
  said: DelegationSaid = {},
  signers: DelegationSigners = {},
): Buffer {
  return signedDelegation(delegationHeaderOf(issuer, subject, said), { issuer, subject }, signers);
}

/** The same of header bytes, whatever they are. */
export function signedDelegation(
  header: Buffer,
  keys: { readonly issuer: FixedKey; readonly subject: FixedKey },
  signers: DelegationSigners = {},
): Buffer {
  const { delegation: issuer, delegationPossession: subject } = signatureContexts;
  const { contexts = { issuer, subject } } = signers;
  const names = { issuer: keys.issuer.publicKey, subject: keys.subject.publicKey };
  return encodeDelegation(header, names, {
    issuer: (signers.issuer ?? keys.issuer).sign(contexts.issuer, header),
    subject: (signers.subject ?? keys.subject).sign(contexts.subject, header),
  });
}

/** A path: each gives to the next. */
export function pathOf(keys: readonly FixedKey[], said: DelegationSaid = {}): Buffer[] {
  return keys
    .slice(1)
    .map((subject, index) => delegationOf(keys[index] as FixedKey, subject, said));
}
