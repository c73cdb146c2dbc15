import { dirname, join } from 'node:path';
import { readWhole, replaceFile } from './durable-files.ts';
import { encodeIndex } from './index-file.ts';
import { indexName, segmentName, snapshotName } from './layout.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';
import type { TileFiles } from './tile-files.ts';

/** A roll: what is closed, and what comes next. The old segment has its footer and is durable. */
export interface Roll {
  readonly storage: Storage;
  readonly folder: string;
  /** Of the segment that was active until now. */
  readonly index: SparseIndex;
  readonly tiles: TileFiles;
  /** Of the new active segment. */
  readonly header: SegmentHeader;
  /** The state before the new segment's first batch, as stored. */
  readonly snapshot: readonly Buffer[];
  /** Have the manifest name the new segment, durably, and the log follow it. */
  readonly switchManifest: (started: StartedSegment) => Promise<void>;
}

/**
 * Make a new segment the active one. The manifest is switched when all that it names is durable: a crash before
 * leaves the old segment active, with a footer; whatever else was made by then is made again by the next roll.
 */
export async function rollSegment(roll: Roll): Promise<void> {
  const { storage, folder, header } = roll;
  const { segment, chainId } = header;
  await roll.tiles.flush();
  const indexPath = join(folder, indexName(segment - 1));
  await replaceFile(storage, indexPath, encodeIndex(roll.index, { chainId, segment: segment - 1 }));
  await replaceFile(storage, join(folder, snapshotName(segment)), roll.snapshot);
  const started = await startSegment(storage, folder, header);
  try {
    await roll.switchManifest(started);
  } catch (error) {
    await started.file.close();
    throw error;
  }
  // From here on the new segment is written to, whatever becomes of what isn't needed any more: opening removes it, too.
  await storage.remove(join(folder, snapshotName(segment - 1))).catch(() => undefined);
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
