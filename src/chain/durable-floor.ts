import { type ChainState, floorNone, type RetentionFloor, raiseFloor } from '../trust/index.ts';

/**
 * What a chain's rule for retention lets go, once it is durable: a power cut could take back the rule, and not what it let go.
 *
 * @param settled resolves when all that has its place now is durable.
 */
export async function durableFloor(
  { authority, nextSequence, timeUnixMs }: ChainState,
  settled: () => Promise<void>,
): Promise<RetentionFloor> {
  const floor = raiseFloor(floorNone, authority.retention, { nextSequence, timeUnixMs });
  if (floor !== floorNone) await settled();
  return floor;
}
