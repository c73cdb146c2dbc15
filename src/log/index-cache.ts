import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { encodeIndex, parseIndex } from './index-file.ts';
import { indexName, segmentName } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import { spanOf } from './segment-span.ts';
import type { LiveSegment, SegmentTable } from './segment-table.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';

/** What names the file of an index. */
type Begin = Pick<ClosedSegment, 'segment' | 'generation'>;

/** Indexes of closed segments that are kept at hand; one of 64 MiB of segment takes some 100 KiB. */
const cachedIndexesMax = 8;

/** What the indexes are of. */
export interface IndexCacheOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  readonly useFile: <T>(name: string, use: (file: StorageFile) => Promise<T>) => Promise<T>;
  readonly onNotice: (notice: string) => void;
}

/** The indexes of all segments: the active one's is live, the others are loaded on demand, or made again. */
export class IndexCache {
  readonly #options: IndexCacheOptions;
  /** By the names of their files, in the order of last use. */
  readonly #loaded = new Map<string, Promise<SparseIndex>>();

  constructor(options: IndexCacheOptions) {
    this.#options = options;
  }

  /**
   * The index of a segment's file, as the table has it or had it.
   *
   * @throws AtedbError CHAIN_DAMAGED, where it has to be made again from a damaged segment.
   */
  async get(of: ClosedSegment | LiveSegment): Promise<SparseIndex> {
    if ('index' in of) return of.index;
    const name = indexName(of.segment, of.generation);
    const index = this.#loaded.get(name) ?? this.#load(of);
    this.#loaded.delete(name);
    this.put(of, index);
    return index;
  }

  /** Keep the index of a segment that was just closed. */
  put({ segment, generation }: Begin, index: Promise<SparseIndex>): void {
    const name = indexName(segment, generation);
    this.#loaded.set(name, index);
    index.catch(() => {
      if (this.#loaded.get(name) === index) this.#loaded.delete(name);
    });
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= cachedIndexesMax) return;
      this.#loaded.delete(oldest);
    }
  }

  /** Forget the index of a file that another one has taken the place of. */
  drop({ segment, generation }: Begin): void {
    this.#loaded.delete(indexName(segment, generation));
  }

  async #load(begin: ClosedSegment): Promise<SparseIndex> {
    const { storage, folder, table, chainId, useFile, onNotice } = this.#options;
    const { segment, generation } = begin;
    const of = spanOf(chainId, begin, table.get(segment + 1));
    const name = indexName(segment, generation);
    const file = segmentName(segment, generation);
    const path = join(folder, name);
    try {
      const bytes = await readWhole(storage, path);
      if (bytes !== undefined) return parseIndex(bytes, of);
    } catch (error) {
      // Whatever is wrong with it, the segment itself says the same.
      if (!(error instanceof AtedbError)) throw error;
    }
    const { index } = await useFile(file, (source) =>
      scanClosedSegment(source, of, () => undefined, true),
    );
    onNotice(`${name} was made again from ${file}`);
    // It is only there to save this scan: that it can't be kept stops nobody.
    await replaceFile(storage, path, encodeIndex(index, of)).catch(() => undefined);
    return index;
  }
}
