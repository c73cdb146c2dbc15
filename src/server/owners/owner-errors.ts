import { AtedbError } from '../../bytes/index.ts';
import { looksLikeDomain, parseOwner } from '../../event/index.ts';

/**
 * There is no account of an owner. The message names the one command that creates it.
 *
 * @param authServer `ate://host:port` of the server that keeps accounts, where that isn't the one that is asked.
 */
export function ownerUnknown(owner: string, isClaimable: boolean, authServer?: string): AtedbError {
  const parsed = parseOwner(owner);
  const what = parsed.kind;
  const isMistake = looksLikeDomain(parsed);
  // In example.com/me the name of the database was forgotten, most likely.
  const meant = isMistake
    ? ` If you meant the chain of a user, its key has three parts: ${owner}/NAME/DATABASE.`
    : '';
  const mayClaim = isClaimable && !isMistake;
  const claim = mayClaim
    ? ', or claim the name for your key, by an append from this machine (in code: open with claim)'
    : '';
  const at = authServer === undefined ? '' : ` --server ${authServer}`;
  return new AtedbError(
    'OWNER_UNKNOWN',
    `there is no ${what} ${owner}, so nobody may write to its chains.${meant} Create it with: atedb ${what} create ${owner}${at}${claim}`,
    { metadata: { owner, claimable: String(mayClaim) } },
  );
}

/** The account of an owner was removed. */
export function ownerRemoved(owner: string): AtedbError {
  return new AtedbError(
    'OWNER_REMOVED',
    `the account ${owner} was removed, so no chain of it can be created`,
    { metadata: { owner } },
  );
}
