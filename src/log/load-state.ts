import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { Frontier } from '../crypto/index.ts';
import { damageError } from './damage.ts';
import { readWhole, replaceFile, withFile } from './durable-files.ts';
import { segmentName, snapshotName } from './layout.ts';
import type { OpenChainLogOptions } from './log-options.ts';
import type { Manifest } from './manifest.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import type { ScannedBatch } from './scan-segment.ts';
import { spanOf } from './segment-span.ts';
import { encodeSnapshot, parseSnapshot } from './snapshot-file.ts';

/** What is known of the chain before its active segment. */
export interface StateBefore {
  /** Of the last commit; 0 for none. */
  readonly timeUnixMs: number;
}

/**
 * Give the owner the state before the active segment: from the snapshot, or by reading all closed segments where it
 * is missing or damaged.
 *
 * @throws AtedbError FORMAT_TOO_NEW; CHAIN_DAMAGED where neither can be had.
 */
export async function loadState(
  options: OpenChainLogOptions,
  manifest: Manifest,
  mayWrite: boolean,
): Promise<StateBefore> {
  const { storage, folder, onNotice } = options;
  const { chainId, active } = manifest;
  if (manifest.closed.length === 0 && active.segment === 0) return { timeUnixMs: 0 };
  const path = join(folder, snapshotName(active.segment));
  try {
    const bytes = await readWhole(storage, path);
    if (bytes === undefined) {
      throw damageError({ file: snapshotName(active.segment), offset: 0, what: 'it is gone' });
    }
    const { timeUnixMs, ...state } = parseSnapshot(bytes, { chainId, ...active });
    options.onSnapshot(state);
    return { timeUnixMs };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    let timeUnixMs = 0;
    await scanClosedSegments(options, manifest, ({ run, commit }, segment) => {
      timeUnixMs = commit.timeUnixMs;
      options.onBatch(run, commit, segment);
    });
    onNotice(`${error.message}; the state was read from the segments`);
    if (mayWrite) {
      const { firstCommit: nextCommit, firstSequence: nextSequence } = active;
      const place = { chainId, nextCommit, nextSequence, timeUnixMs };
      await replaceFile(storage, path, await encodeSnapshot(options.takeSnapshot(), place));
    }
    return { timeUnixMs };
  }
}

/**
 * Read all closed segments, from the chain's first batch on.
 *
 * @returns the tree after them.
 * @throws AtedbError CHAIN_DAMAGED where one is anything but whole, or the first is not there.
 */
export async function scanClosedSegments(
  { storage, folder }: Pick<OpenChainLogOptions, 'storage' | 'folder'>,
  { chainId, closed, active }: Manifest,
  onBatch: (batch: ScannedBatch, segment: number) => void | Promise<void>,
): Promise<Frontier | undefined> {
  let frontier: Frontier | undefined;
  for (const [place, begin] of closed.entries()) {
    const { segment } = begin;
    const of = spanOf(chainId, begin, closed[place + 1] ?? active);
    const name = segmentName(segment, begin.generation);
    const path = join(folder, name);
    if ((await storage.stat(path)) === undefined) {
      throw damageError({ file: name, offset: 0, what: 'it is gone' });
    }
    const scanned = await withFile(storage, path, 'read', (file) =>
      scanClosedSegment(file, of, (batch) => onBatch(batch, segment)),
    );
    frontier = scanned.place.frontier;
  }
  return frontier;
}
