import { abortable, type CallOptions } from './cancellation.ts';
import type { RangeContext } from './range-context.ts';

/**
 * Have the rules verified up to a sequence, or to the chain's end; not where the server's word is taken for them, nor at the
 * chain's beginning, where nothing comes before.
 *
 * @throws AtedbError as `readRange`.
 */
export async function reachRules(
  context: RangeContext,
  sequence: number | undefined,
  options: CallOptions,
): Promise<void> {
  if (!context.checksRules || sequence === 0) return;
  const reached = context.reach(sequence, options);
  // Another one may be at it, and wait longer for its server than this one wants to.
  await (options.signal === undefined ? reached : abortable(reached, options.signal));
}
