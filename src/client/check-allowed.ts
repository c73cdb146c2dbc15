import { AtedbError } from '../bytes/index.ts';
import type { TreeHead } from '../event/index.ts';
import type { RangeContext } from './range-context.ts';
import { reachRules } from './reach-rules.ts';

/** Something of a chain that came by itself. */
export interface Shown {
  /** Of its last event. */
  readonly sequence: number;
  /** Number of its last commit. */
  readonly commit: number;
  /** Of a tree that it was shown to be part of. */
  readonly head: TreeHead;
}

/**
 * Check that what a server has shown is part of the history whose rules were verified: so it was allowed. Nothing is checked
 * where the server's word is taken for that.
 *
 * @throws AtedbError VERIFICATION_FAILED where the server doesn't send the history as far as that; HEAD_CONFLICT where that is
 * another; as `readRange`.
 */
export async function checkAllowed(
  context: RangeContext,
  { sequence, commit, head }: Shown,
): Promise<void> {
  if (!context.checksRules) return;
  const { verified } = context;
  await reachRules(context, sequence + 1, {});
  const reached = verified.place?.head;
  // A history that ends before it says nothing of it, however well that fits.
  if (reached === undefined || reached.size <= commit) {
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `commit ${commit} does not verify: the server doesn't send the history as far as that, so that nothing shows that it was allowed. Nothing of it was used`,
      { metadata: { commit: String(commit) } },
    );
  }
  const isOlder = head.size <= reached.size;
  await verified.proveWithin(isOlder ? head : reached, isOlder ? reached : head);
}
