import { randomBytes } from 'node:crypto';
import { AtedbError, delegationsMax, integerMax } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { scopeOf, Token } from '../event/index.ts';
import { checkDelegationPath, signDelegation } from '../trust/index.ts';

/** What a token is for. */
export interface TokenOptions {
  /** Who delegates: a key, or the holder of a token, who gives some of what that gives. */
  readonly from: KeyPair | Token;
  /**
   * An own key that stands between: it is given what the token is, and gives it on, so that the token says by whom it was given, and that key
   * can end it. For `from` that is of a group's role. Default: none.
   */
  readonly through?: KeyPair | undefined;
  /** Chain keys, and `owner/*` for all chains of an owner, as `example.com/me/*` or `team/*`; 1 to 16. */
  readonly chains: readonly string[];
  /** Whether it is to write by. Default: false. One of the two is to be true. */
  readonly write?: boolean | undefined;
  /** Whether it is to open private chains by. Default: false. */
  readonly read?: boolean | undefined;
  /** From then on it counts no more; rounded down to a millisecond. */
  readonly expires: Date;
  /** Before that it doesn't count. Default: it does at once. */
  readonly notBefore?: Date | undefined;
}

const serialBytes = 16;

/**
 * Make a token: a new key, and a delegation to it by an own key, or by that of a token. Nothing is sent: it counts wherever the key
 * counts that it is from, until it expires or that ends it.
 *
 * @throws AtedbError DELEGATION_INVALID where it says what can't be, or more than the token that it is from; REQUEST_INVALID for a path that is
 * too long; CHAIN_KEY_INVALID.
 */
export async function createToken(options: TokenOptions): Promise<Token> {
  const { from, through, write = false, read = false, expires, notBefore } = options;
  const above = from instanceof Token ? from.delegations : [];
  const between = through === undefined ? [] : [through];
  if (above.length + between.length >= delegationsMax) {
    throw new AtedbError(
      'REQUEST_INVALID',
      `a token is ${delegationsMax} delegations from the key that has the right by itself, at most; ask for one that is nearer`,
      { metadata: { field: 'from' } },
    );
  }
  const key = KeyPair.generate();
  const claim = {
    chains: scopeOf(options.chains),
    mayWrite: write,
    mayRead: read,
    // A narrower one doesn't begin before the one that it is from.
    notBeforeUnixMs: Math.max(timeOf('notBefore', notBefore), above.at(-1)?.notBeforeUnixMs ?? 0),
    expiresUnixMs: timeOf('expires', expires),
  };
  const path = [...above];
  let issuer = from instanceof Token ? from.key : from;
  for (const subject of [...between, key]) {
    const serial = randomBytes(serialBytes);
    path.push(await signDelegation({ ...claim, serial }, { issuer, subject }));
    issuer = subject;
  }
  checkDelegationPath(path);
  const first = from instanceof Token ? from.issuer : from.publicKey;
  return new Token(key, { issuer: first, delegations: path });
}

function timeOf(field: string, time: Date | undefined): number {
  const unixMs = time?.getTime() ?? 0;
  if (Number.isInteger(unixMs) && unixMs >= 0 && unixMs <= integerMax) return unixMs;
  throw new AtedbError('REQUEST_INVALID', `${field} is no time from 1970 on`, {
    metadata: { field },
  });
}
