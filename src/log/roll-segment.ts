import { dirname, join } from 'node:path';
import { readWhole, replaceFile } from './durable-files.ts';
import { encodeIndex } from './index-file.ts';
import { indexName, manifestName, segmentName, snapshotName } from './layout.ts';
import { type ClosedSegment, encodeManifest } from './manifest.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';
import type { TileFiles } from './tile-files.ts';

/** A roll: what is closed, and what comes next. The old segment has its footer and is durable. */
export interface Roll {
  readonly storage: Storage;
  readonly folder: string;
  /** All closed segments, the one that was active until now being the last. */
  readonly closed: readonly ClosedSegment[];
  /** Of the last of them. */
  readonly index: SparseIndex;
  readonly tiles: TileFiles;
  /** Of the new active segment. */
  readonly header: SegmentHeader;
  /** The state before the new segment's first batch, as stored. */
  readonly snapshot: Buffer;
}

/**
 * Make a new segment the active one. The manifest is switched when all that it names is durable: a crash before
 * leaves the old segment active, with a footer; whatever else was made by then is made again by the next roll.
 */
export async function rollSegment(roll: Roll): Promise<StartedSegment> {
  const { storage, folder, closed, header } = roll;
  const { segment, firstCommit, firstSequence, chainId } = header;
  await roll.tiles.flush();
  const indexPath = join(folder, indexName(segment - 1));
  await replaceFile(storage, indexPath, encodeIndex(roll.index, { chainId, segment: segment - 1 }));
  await replaceFile(storage, join(folder, snapshotName(segment)), roll.snapshot);
  const started = await startSegment(storage, folder, header);
  try {
    const active = { segment, firstCommit, firstSequence };
    const manifest = encodeManifest({ chainId, closed, active });
    await replaceFile(storage, join(folder, manifestName), manifest);
    const oldSnapshot = join(folder, snapshotName(segment - 1));
    if ((await storage.stat(oldSnapshot)) !== undefined) await storage.remove(oldSnapshot);
    return started;
  } catch (error) {
    await started.file.close();
    throw error;
  }
}

/** A segment file with nothing but its header, durable. */
export interface StartedSegment {
  readonly file: StorageFile;
  /** Of the header. */
  readonly bytes: Buffer;
}

/** Make a segment file with its header, durably. */
export async function startSegment(
  storage: Storage,
  folder: string,
  header: SegmentHeader,
): Promise<StartedSegment> {
  const path = join(folder, segmentName(header.segment));
  const bytes = encodeSegmentHeader(header);
  // A roll that failed late may have made the manifest name this very file: then it must not be gone for a moment.
  const there = await readWhole(storage, path);
  const file = await storage.open(path, there?.equals(bytes) ? 'update' : 'replace');
  try {
    await file.writeDurable(0, bytes);
    await storage.syncFolder(dirname(path));
    return { file, bytes };
  } catch (error) {
    await file.close();
    throw error;
  }
}
