import { floorNone } from '../trust/index.ts';
import type { CompactedChain } from './chain-compaction.ts';

/** What a chain's rule for retention lets go. */
export interface Retained {
  /** All events below this sequence. */
  readonly from: number;
  /** Bytes of the active segment that are before that: with headers and seals. */
  readonly expiredBytes: number;
}

/** Find what a chain's rule for retention lets go, as things are. @throws AtedbError STORAGE_FAILED, CHAIN_DAMAGED. */
export async function retainedIn({ log, keys, retained }: CompactedChain): Promise<Retained> {
  const floor = await retained();
  const { sequence, timeUnixMs } = floor;
  if (floor === floorNone) return { from: 0, expiredBytes: 0 };
  const byTime = timeUnixMs <= 0 ? undefined : await log.positionOfTime(timeUnixMs + 1);
  const from = Math.max(sequence, byTime?.sequence ?? 0);
  const { sequence: activeFrom, segment } = log.activeStart();
  if (from <= activeFrom || keys.activeBytes.dataBytes === 0) return { from, expiredBytes: 0 };
  const position = await log.positionOfSequence(Math.min(from, log.durable.nextSequence));
  return { from, expiredBytes: position.segment === segment ? position.offset : 0 };
}
