import { isRetired, type SignedHead } from '../trust/index.ts';

/**
 * Whether a checkpoint of the same chain is to be remembered in place of another one: it is of a larger tree, or of one as large by an
 * identity that has followed since. So who has met a server's new identity knows it from then on, though the chain didn't grow.
 */
export function isNewerCheckpoint(is: SignedHead, was: SignedHead | undefined): boolean {
  if (was === undefined || is.head.size > was.head.size) return true;
  return is.head.size === was.head.size && isRetired(is.signer.line, was.signer.identity);
}
