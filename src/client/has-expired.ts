import type { EventPlace } from '../trust/index.ts';
import { floorNone, isBelow } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { RangeContext } from './range-context.ts';
import type { Replay } from './replay.ts';

/**
 * Whether a chain's rules for retention have let go the data of an event. Which rules those were follows from its history, so that is verified
 * from its first event on, as far as it hasn't been: also by who takes the server's word for who may do what, since else a
 * server could withhold whatever it likes.
 *
 * @throws AtedbError as `readRange`.
 */
export async function hasExpired(
  context: RangeContext,
  event: EventPlace,
  options: CallOptions,
): Promise<boolean> {
  const { verified } = context;
  const isKnown = () => isBelow(verified.place?.retained ?? floorNone, event);
  if (isKnown()) return true;
  await context.reach(undefined, options);
  return isKnown();
}

/**
 * See whether what a replay was told to have expired has, where it didn't know itself.
 *
 * @throws AtedbError as `readRange`; VERIFICATION_FAILED, HEAD_CONFLICT where the history that was verified is another.
 */
export async function settleExpired(
  context: RangeContext,
  replay: Replay,
  options: CallOptions,
): Promise<void> {
  const { expired } = replay.owed;
  // A reading that is to verify the rules knows them, and one of it is not to wait for itself.
  if (expired === undefined || context.onlyVerifies === true) return;
  if (!(await hasExpired(context, expired, options))) return;
  const { verified } = context;
  const read = replay.head();
  const reached = verified.place?.head ?? read;
  const isOlder = read.size <= reached.size;
  await verified.proveWithin(isOlder ? read : reached, isOlder ? reached : read);
  replay.owed.settleBelow(verified.place?.retained ?? floorNone);
}
