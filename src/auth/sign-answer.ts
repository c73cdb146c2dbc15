import { answeredChangesMax } from '../bytes/index.ts';
import { type KeyPair, signatureContexts } from '../crypto/index.ts';
import { authAnswerHeader, encodeAuthAnswer, parseOwner } from '../event/index.ts';
import type { OwnerKeys, RetiredKey } from './owner-source.ts';

/** Who signs answers, and how. */
export interface AnswerSigner {
  /** The auth service's identity. */
  readonly identity: Pick<KeyPair, 'publicKey' | 'sign'>;
  /** IdentityRotation messages that have led to it, oldest first. */
  readonly rotations: readonly Buffer[];
  /** For how long an answer counts, in milliseconds. */
  readonly lifeMs: number;
}

/**
 * Give an auth service's word on an owner: a serialised AuthAnswer. Signs in the thread pool.
 *
 * Where more keys were retired than an answer has room for, it tells of the oldest ones and has the version up to which these are all: who asks
 * again is told of the rest.
 *
 * @param nowUnixMs the service's clock.
 */
export async function signAnswer(
  owner: string,
  keys: OwnerKeys,
  { identity, rotations, lifeMs }: AnswerSigner,
  nowUnixMs: number,
): Promise<Buffer> {
  const { version, changed } = firstChanges(keys);
  const header = authAnswerHeader({
    ...{ owner: parseOwner(owner), version, changed },
    ...{ issuedUnixMs: nowUnixMs, expiresUnixMs: nowUnixMs + lifeMs },
    ...{ roots: keys.roots, writers: keys.writers, admitted: keys.admitted },
    ...{ isUnverified: keys.isUnverified, isRemoved: keys.isRemoved },
    identity: identity.publicKey,
  });
  const signature = await identity.sign(signatureContexts.authAnswer, header);
  return encodeAuthAnswer(header, identity.publicKey, signature, rotations);
}

/** As many changes as fit, but no part of those of one version. */
function firstChanges({ version, changed }: OwnerKeys): {
  readonly version: number;
  readonly changed: readonly RetiredKey[];
} {
  if (changed.length <= answeredChangesMax) return { version, changed };
  const cut = (changed[answeredChangesMax] as RetiredKey).version;
  return { version: cut - 1, changed: changed.filter((one) => one.version < cut) };
}
