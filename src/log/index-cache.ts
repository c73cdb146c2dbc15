import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { encodeIndex, parseIndex } from './index-file.ts';
import { indexName, segmentName } from './layout.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import { spanOf } from './segment-span.ts';
import type { SegmentTable } from './segment-table.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Indexes of closed segments that are kept at hand; one of 64 MiB of segment takes some 100 KiB. */
const cachedIndexesMax = 8;

/** What the indexes are of. */
export interface IndexCacheOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  readonly useFile: <T>(segment: number, use: (file: StorageFile) => Promise<T>) => Promise<T>;
  readonly onNotice: (notice: string) => void;
}

/** The indexes of all segments: the active one's is live, the others are loaded on demand, or made again. */
export class IndexCache {
  readonly #options: IndexCacheOptions;
  /** In the order of last use. */
  readonly #loaded = new Map<number, Promise<SparseIndex>>();

  constructor(options: IndexCacheOptions) {
    this.#options = options;
  }

  /** The index of a segment. @throws AtedbError CHAIN_DAMAGED, where it has to be made again from a damaged segment. */
  async get(segment: number): Promise<SparseIndex> {
    const { active } = this.#options.table;
    if (segment === active.segment) return active.index;
    const index = this.#loaded.get(segment) ?? this.#load(segment);
    this.#loaded.delete(segment);
    this.put(segment, index);
    return index;
  }

  /** Keep the index of a segment that was just closed. */
  put(segment: number, index: Promise<SparseIndex>): void {
    this.#loaded.set(segment, index);
    index.catch(() => {
      if (this.#loaded.get(segment) === index) this.#loaded.delete(segment);
    });
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= cachedIndexesMax) return;
      this.#loaded.delete(oldest);
    }
  }

  async #load(segment: number): Promise<SparseIndex> {
    const { storage, folder, table, chainId, useFile, onNotice } = this.#options;
    const of = spanOf(chainId, table.get(segment), table.get(segment + 1));
    const path = join(folder, indexName(segment));
    try {
      const bytes = await readWhole(storage, path);
      if (bytes !== undefined) return parseIndex(bytes, of);
    } catch (error) {
      // Whatever is wrong with it, the segment itself says the same.
      if (!(error instanceof AtedbError)) throw error;
    }
    const { index } = await useFile(segment, (file) =>
      scanClosedSegment(file, of, () => undefined),
    );
    onNotice(`${indexName(segment)} was made again from ${segmentName(segment)}`);
    // It is only there to save this scan: that it can't be kept stops nobody.
    await replaceFile(storage, path, encodeIndex(index, of)).catch(() => undefined);
    return index;
  }
}
