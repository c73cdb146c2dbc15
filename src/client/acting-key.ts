import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { type DelegatedRight, Token } from '../event/index.ts';

/** Who acts: by a key of their own, or by a token. */
export interface ActingInput {
  /**
   * Who writes: a key pair, or the name of one in the home folder. Default: the one named `default`, which the first append makes
   * where there is none. Reading needs none, but for what is sealed: that is opened with it.
   */
  readonly key?: KeyPair | string | undefined;
  /**
   * A token, or its text, instead of a key: what is written counts as its issuer's, in the chains and for the time that it is for. It
   * writes data and removes objects; it changes no rules and makes no chain.
   */
  readonly token?: Token | string | undefined;
}

/**
 * The key that acts, and the delegations by which it does, if any.
 *
 * @param byDefault acts where nothing is named.
 * @throws AtedbError REQUEST_INVALID where both are given, or the text is no token; DELEGATION_INVALID, UNSUPPORTED.
 */
export function actingKey(
  { key, token: named }: ActingInput,
  byDefault: Token | undefined,
): {
  readonly key: KeyPair | string | undefined;
  readonly right: DelegatedRight | undefined;
} {
  const token = named ?? (key === undefined ? byDefault : undefined);
  if (token === undefined) return { key, right: undefined };
  if (key !== undefined) {
    throw new AtedbError(
      'REQUEST_INVALID',
      'a key and a token exclude each other: a token has a key of its own',
      { metadata: { field: 'token' } },
    );
  }
  const parsed = tokenOf(token);
  return { key: parsed.key, right: parsed };
}

/** A token, of its text too. @throws AtedbError as `Token.parse`. */
export function tokenOf(token: Token | string): Token {
  return typeof token === 'string' ? Token.parse(token, 'the token') : token;
}
