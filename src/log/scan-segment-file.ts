import { join } from 'node:path';
import { withFile } from './durable-files.ts';
import { KeysOfRuns, type SegmentKeys } from './keys-of-runs.ts';
import { segmentName } from './layout.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import type { ScannedBatch } from './scan-segment.ts';
import { spanOf } from './segment-span.ts';
import type { Storage } from './storage.ts';
import { writeKeysFile } from './write-keys-file.ts';

/** Where a chain's files are. */
export interface LogPlace {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly chainId: Buffer;
}

type Next = Pick<ActiveSegment, 'firstCommit' | 'firstSequence'>;

/**
 * Read the file of a closed segment from end to end, checking it as recovery does.
 *
 * @param next the segment behind it.
 * @param onBatch is given memory that is used again when it has returned.
 * @throws AtedbError CHAIN_DAMAGED where it is anything but whole; what `onBatch` and the storage throw.
 */
export async function scanSegmentFile(
  { storage, folder, chainId }: LogPlace,
  begin: ClosedSegment,
  next: Next,
  onBatch: (batch: ScannedBatch) => void | Promise<void>,
): Promise<void> {
  const path = join(folder, segmentName(begin.segment, begin.generation));
  const of = spanOf(chainId, begin, next);
  await withFile(storage, path, 'read', (file) => scanClosedSegment(file, of, onBatch, true));
}

/** All keys of a closed segment, read from it. @throws as `scanSegmentFile`. */
export async function scanKeys(
  at: LogPlace,
  begin: ClosedSegment,
  next: Next,
): Promise<SegmentKeys> {
  const keys = new KeysOfRuns();
  await scanSegmentFile(at, begin, next, ({ run, commit }) => keys.add(run, commit.firstSequence));
  return keys.all;
}

/**
 * Make the file of a closed segment's keys anew, with how much of its data has to stay although it is superseded.
 *
 * @throws as `scanSegmentFile`.
 */
export async function keepKeys(
  at: LogPlace,
  begin: ClosedSegment,
  next: Next,
  keptBytes: number,
): Promise<void> {
  const { segment, generation, sha256, firstSequence } = begin;
  const of = { chainId: at.chainId, segment, generation, sha256, firstSequence };
  await writeKeysFile(at, of, await scanKeys(at, begin, next), keptBytes);
}
