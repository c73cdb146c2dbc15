import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { encodeIndex, parseIndex } from './index-file.ts';
import { indexName, segmentName } from './layout.ts';
import { LogCaches } from './log-caches.ts';
import type { ClosedSegment } from './manifest.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import { spanOf } from './segment-span.ts';
import type { LiveSegment, SegmentTable } from './segment-table.ts';
import type { SharedCache } from './shared-cache.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';

/** What names the file of an index. */
type Begin = Pick<ClosedSegment, 'segment' | 'generation'>;

/** What the indexes are of. */
export interface IndexCacheOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  /** Shared by chains. */
  readonly cache: SharedCache<SparseIndex>;
  readonly useFile: <T>(name: string, use: (file: StorageFile) => Promise<T>) => Promise<T>;
  readonly onNotice: (notice: string) => void;
}

/** The indexes of all segments: the active one's is live, the others are loaded on demand, or made again. */
export class IndexCache {
  readonly #options: IndexCacheOptions;
  readonly #prefix = LogCaches.prefix();
  /** Those that are being loaded, by the names of their files. */
  readonly #loading = new Map<string, Promise<SparseIndex>>();

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
    const known = this.#options.cache.get(this.#prefix + name);
    if (known !== undefined) return known;
    const loading = this.#loading.get(name) ?? this.#load(of);
    this.#loading.set(name, loading);
    try {
      const index = await loading;
      if (this.#loading.get(name) === loading) this.put(of, index);
      return index;
    } finally {
      if (this.#loading.get(name) === loading) this.#loading.delete(name);
    }
  }

  /** Keep the index of a segment that was just closed. */
  put({ segment, generation }: Begin, index: SparseIndex): void {
    this.#options.cache.put(this.#prefix + indexName(segment, generation), index);
  }

  /** Forget the index of a file that another one has taken the place of. */
  drop({ segment, generation }: Begin): void {
    const name = indexName(segment, generation);
    this.#loading.delete(name);
    this.#options.cache.drop(this.#prefix + name);
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
