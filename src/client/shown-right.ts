import type { PublicKey } from '../crypto/index.ts';
import type { DelegatedRight } from '../event/index.ts';

/** Serialised Delegation messages, as seals show them; none where nothing was delegated. */
export function pathBytes(right: DelegatedRight | undefined): Buffer[] {
  return right?.delegations.map(({ bytes }) => bytes) ?? [];
}

/** The key that the path begins with, which a chain may not know yet; none where nothing was delegated. */
export function issuersOf(right: DelegatedRight | undefined): PublicKey[] {
  return right === undefined ? [] : [right.issuer];
}

/** What a request says of it. */
export function shownRight(right: DelegatedRight | undefined) {
  if (right === undefined) return {};
  return { delegations: pathBytes(right), issuer: right.issuer.toFields() };
}
