import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type IdentityLine, isOfLine, isRetired } from '../trust/index.ts';

/** Which server a chain is expected at, as far as that is known. */
export interface DueIdentity {
  /** By the chain's genesis. */
  readonly named: PublicKey | undefined;
  /** That it was met at before. */
  readonly remembered: IdentityLine | undefined;
  readonly chainKey: string;
  /** `host:port`. */
  readonly server: string;
  /** Of the file that remembers it, for those who want to accept another server. */
  readonly path: string | undefined;
}

/**
 * Refuse a server that isn't the one that a chain is kept by. One whose identity was rotated is: from the key that the genesis names,
 * and from the one that the chain was met at, rotations must lead to the one that it has. So a key that was retired counts no more for
 * whoever has met a later one, whatever it signs.
 *
 * @param is the server's line, verified.
 * @throws AtedbError SERVER_IDENTITY_MISMATCH.
 */
export function checkIdentity(is: IdentityLine, due: DueIdentity): void {
  const { named, remembered, chainKey, server, path } = due;
  if (named !== undefined && !isOfLine(is, named)) {
    throw mismatch(
      is,
      named,
      `the chain ${chainKey} is kept by the server ${named.fingerprintHex}, as its genesis says, and this one is ${is.identity.fingerprintHex}, and no rotation leads from the one to the other. Nothing is read from it or appended to it here: if the chain was moved, its server's identity key has to move along`,
    );
  }
  if (remembered === undefined) return;
  const isBack = isRetired(remembered, is.identity);
  if (isOfLine(is, remembered.identity) && !isBack) return;
  const was = remembered.identity;
  const why = isBack
    ? 'That is a key which the server had given up before: it was restored from a backup of before, or somebody who has the old key answers in its place'
    : 'The chain was moved to another server, or somebody answers in its place';
  const accept = path === undefined ? '' : `. To accept the new one, delete ${path}`;
  throw mismatch(
    is,
    was,
    `the chain ${chainKey} was kept by the server ${was.fingerprintHex} at ${server}, and this one is ${is.identity.fingerprintHex}. ${why}: find out which before trusting it${accept}`,
  );
}

function mismatch({ identity }: IdentityLine, due: PublicKey, message: string): AtedbError {
  return new AtedbError('SERVER_IDENTITY_MISMATCH', message, {
    metadata: { fingerprint: identity.fingerprintHex, expected: due.fingerprintHex },
  });
}
