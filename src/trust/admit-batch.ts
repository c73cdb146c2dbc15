import { AtedbError, chainKeysMax, chainKeysReserve } from '../bytes/index.ts';
import type { Batch } from '../event/index.ts';
import type { BatchPlace } from './acting.ts';
import type { Authority } from './authority.ts';
import { isFromServer } from './from-server.ts';
import { signersOf } from './signers.ts';
import { takeBackAll, type Undo } from './undo.ts';

const othersMax = chainKeysMax - chainKeysReserve;

/**
 * Decide on a batch as a server does that takes it: as `Authority.decide`, and so that nobody uses up the last keys that a chain may know but those whom
 * its rules name. Readers take what a server has taken: for them it is no rule.
 *
 * @throws AtedbError as `Authority.decide`; TOO_MANY_KEYS.
 */
export function admitBatch(authority: Authority, batch: Batch, at: BatchPlace): Undo {
  const { othersCount: before } = authority.keys;
  const undo = authority.decide(batch, at);
  const { othersCount: after } = authority.keys;
  // Nearly always.
  if (after <= othersMax || after <= before) return undo;
  // By the rules before it: it may have named its own keys.
  takeBackAll(undo);
  if (isFromServer(batch) || authority.isAnyNamed(signersOf(batch))) {
    return authority.decide(batch, at);
  }
  throw new AtedbError(
    'TOO_MANY_KEYS',
    `the chain knows ${before} public keys beside its roots, and what there may be beyond ${othersMax} is left to keys that its rules name: write with a key that it knows, or have a root name yours`,
    { metadata: { limit_keys: String(othersMax) } },
  );
}
