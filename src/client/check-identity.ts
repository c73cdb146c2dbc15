import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';

/** Which server a chain is expected at, as far as that is known. */
export interface DueIdentity {
  /** By the chain's genesis. */
  readonly named: PublicKey | undefined;
  /** That it was met at before. */
  readonly remembered: PublicKey | undefined;
  readonly chainKey: string;
  /** `host:port`. */
  readonly server: string;
  /** Of the file that remembers it, for those who want to accept another server. */
  readonly path: string | undefined;
}

/** Refuse a server that isn't the one that a chain is kept by. @throws AtedbError SERVER_IDENTITY_MISMATCH. */
export function checkIdentity(
  is: PublicKey,
  { named, remembered, chainKey, server, path }: DueIdentity,
): void {
  const due = named ?? remembered;
  if (due === undefined || due.fingerprint.equals(is.fingerprint)) return;
  const isNamed = named !== undefined;
  const why = isNamed
    ? `is kept by the server ${due.fingerprintHex}, as its genesis says, and this one is ${is.fingerprintHex}. Nothing is read from it or appended to it here: if the chain was moved, its server's identity key has to move along`
    : `was kept by the server ${due.fingerprintHex} at ${server}, and this one is ${is.fingerprintHex}. The chain was moved to another server, or somebody answers in its place: find out which before trusting it`;
  const accept = isNamed || path === undefined ? '' : `. To accept the new one, delete ${path}`;
  throw new AtedbError('SERVER_IDENTITY_MISMATCH', `the chain ${chainKey} ${why}${accept}`, {
    metadata: { fingerprint: is.fingerprintHex, expected: due.fingerprintHex },
  });
}
