import { join } from 'node:path';
import type { ChildQuery, ChildRow } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import { damageOf, readError } from './damage.ts';
import { replaceFile } from './durable-files.ts';
import { encodeKeys } from './encode-keys.ts';
import type { FileCache } from './file-cache.ts';
import type { KeysCache } from './keys-cache.ts';
import { type ClosedKey, KeysFile, type UseKeysSource } from './keys-file.ts';
import type { KeysOf } from './keys-header.ts';
import { KeysOfRuns, type SegmentKeys } from './keys-of-runs.ts';
import { keysName, segmentName } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import { spanOf } from './segment-span.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Storage } from './storage.ts';

/** What the keys are of. */
export interface ClosedKeysOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  readonly cache: KeysCache;
  readonly files: FileCache;
  /** The segment itself is damaged. */
  readonly onSuspect: ((segment: number) => void) | undefined;
  readonly onNotice: (notice: string) => void;
}

/** Where a file of keys is. A file that was found to be this one says so by itself: named here, it would never make room for others. */
interface KnownFile {
  readonly generation: number;
  readonly path: string;
}

/** Where a closed segment's events are. */
export interface ClosedSpan {
  readonly segment: number;
  readonly firstSequence: number;
  /** Of the next segment. */
  readonly nextSequence: number;
}

/** The primary keys of closed segments: found in their files, which are made again where they can't be used. */
export class ClosedKeys {
  readonly #options: ClosedKeysOptions;
  /** Files that are being made. */
  readonly #making = new Map<string, Promise<void>>();
  /** What is known of the files of segments, by their numbers: asked for with each key and segment, so it is found out once. */
  readonly #files = new Map<number, KnownFile>();

  constructor(options: ClosedKeysOptions) {
    this.#options = options;
  }

  /** Sequence of a closed segment's first event; undefined where there is no such segment. */
  firstSequenceOf(segment: number): number | undefined {
    const { table } = this.#options;
    return segment === table.active.segment ? undefined : table.at(segment)?.firstSequence;
  }

  /** The closed segments of which all events are below a sequence, newest first; as they are now. */
  *spansBelow(sequence: number): Generator<ClosedSpan> {
    const { closed, active } = this.#options.table;
    let nextSequence = active.firstSequence;
    for (let place = closed.length - 1; place >= 0; place -= 1) {
      const { segment, firstSequence } = closed[place] as ClosedSegment;
      if (nextSequence <= sequence) yield { segment, firstSequence, nextSequence };
      nextSequence = firstSequence;
    }
  }

  /**
   * Write the keys of a segment that was just closed. Where that fails they are kept in memory for as long as there is
   * room, and made again when they are needed.
   */
  async write(segment: number, keys: SegmentKeys): Promise<void> {
    const of = this.#of(segment);
    // One that was rewritten meanwhile has its keys with it.
    if (of.generation === 0) await this.#once(of, async () => keys);
  }

  /**
   * What a closed segment says of a key.
   *
   * @throws AtedbError CHAIN_DAMAGED where its file can't be used, and the segment itself is damaged; STORAGE_FAILED.
   */
  find(segment: number, key: Buffer): Promise<ClosedKey | undefined> {
    return this.#ask(segment, (file) => file.find(key));
  }

  /** Whether a closed segment doesn't have a key, as far as that is known without reading anything: false says nothing. */
  isWithout(segment: number, key: DataView): boolean {
    const { cache, chainId, table } = this.#options;
    const of = table.get(segment) as ClosedSegment;
    const known = this.#known(of);
    const file = cache.opened(known.path);
    if (file === undefined) return false;
    if (file.foundFor !== known) {
      if (!file.isOf({ ...of, chainId })) return false;
      file.foundFor = known;
    }
    return file.isWithout(key);
  }

  /**
   * Children that events of a closed segment have put at a parent; see `KeysFile.children`.
   *
   * @throws AtedbError as `find`.
   */
  children(segment: number, query: ChildQuery, countMax: number): Promise<ChildRow[]> {
    return this.#ask(segment, (file) => file.children(query, countMax));
  }

  /** Sequence of the newest event of rules in a closed segment that has moved an object. @throws AtedbError as `find`. */
  moveOf(segment: number, key: Buffer): Promise<number | undefined> {
    return this.#ask(segment, (file) => file.moveOf(key));
  }

  /** Ask the file of a segment, which is made again where it can't be used. */
  async #ask<T>(segment: number, ask: (file: KeysFile) => Promise<T>): Promise<T> {
    const { files, onNotice } = this.#options;
    const of = this.#of(segment);
    const file = segmentName(segment, of.generation);
    using _ = files.hold(file);
    try {
      return await this.#use(of, ask);
    } catch {
      // It may have been replaced since it was opened.
      this.#drop(of);
    }
    try {
      return await this.#use(of, ask);
    } catch {
      // Whatever is wrong with it, the segment itself says the same.
      this.#drop(of);
    }
    try {
      if (await this.#once(of, () => this.#scan(of))) {
        onNotice(`${keysName(segment, of.generation)} was made again from ${file}`);
      }
      return await this.#use(of, ask);
    } catch (error) {
      if (damageOf(error)?.file === file) this.#options.onSuspect?.(segment);
      throw readError('reading the keys of a segment', error);
    }
  }

  /** Forget what is open of a file that another one has taken the place of. */
  drop(of: Pick<KeysOf, 'segment' | 'generation'>): void {
    this.#drop(of);
  }

  #drop(of: Pick<KeysOf, 'segment' | 'generation'>): void {
    this.#options.cache.drop(this.#path(of));
    this.#options.files.forget(keysName(of.segment, of.generation));
  }

  async #use<T>(of: KeysOf, ask: (file: KeysFile) => Promise<T>): Promise<T> {
    const { cache, files } = this.#options;
    const path = this.#path(of);
    const use: UseKeysSource = (task) => files.use(keysName(of.segment, of.generation), task);
    const kept = cache.get(path);
    const open = await kept;
    // A chain's folder may have been put in the place of another one while it was closed.
    const isKept = kept !== undefined && open?.isOf(of) === true;
    // It may have been opened by way of files that are closed since.
    if (isKept) open.readBy(use);
    const opened = isKept ? kept : KeysFile.open(use, of);
    if (!isKept) cache.put(path, opened);
    const found = await ask(await opened);
    await cache.measure(path, opened);
    return found;
  }

  /** Make a file, once at a time. @returns whether this call is the one that did. */
  async #once(of: KeysOf, keysOf: () => Promise<SegmentKeys>): Promise<boolean> {
    const path = this.#path(of);
    const running = this.#making.get(path);
    if (running !== undefined) {
      await running;
      return false;
    }
    const { making } = this.#options.cache;
    const made = making.run(async () => this.#make(of, await keysOf()));
    this.#making.set(path, made);
    try {
      await made;
      return true;
    } finally {
      this.#making.delete(path);
    }
  }

  async #make(of: KeysOf, keys: SegmentKeys): Promise<void> {
    const { storage, cache, files, onNotice } = this.#options;
    const bytes = await encodeKeys({ ...keys, ...of, filterSalt: randomSecret() });
    const path = this.#path(of);
    this.#drop(of);
    try {
      await replaceFile(storage, path, bytes);
      files.forget(keysName(of.segment, of.generation));
    } catch (error) {
      // It is only there to save this work: that it can't be kept stops nobody.
      onNotice(`${keysName(of.segment, of.generation)} could not be written: ${error}`);
      cache.put(path, KeysFile.open(inMemory(bytes), of, bytes.length));
    }
  }

  async #scan({ segment, generation, firstSequence }: KeysOf): Promise<SegmentKeys> {
    const { chainId, table, files } = this.#options;
    const { firstCommit } = table.get(segment);
    const begin = { segment, generation, firstCommit, firstSequence };
    const of = spanOf(chainId, begin, table.get(segment + 1));
    const keys = new KeysOfRuns();
    await files.use(segmentName(segment, generation), (file) =>
      scanClosedSegment(file, of, ({ run, commit }) => keys.add(run, commit.firstSequence), true),
    );
    return keys.all;
  }

  #of(segment: number): KeysOf {
    const { chainId, table } = this.#options;
    const { generation, firstSequence, sha256 } = table.get(segment) as ClosedSegment;
    return { chainId, segment, generation, sha256, firstSequence };
  }

  #path(of: Pick<KeysOf, 'segment' | 'generation'>): string {
    return this.#known(of).path;
  }

  #known({ segment, generation }: Pick<KeysOf, 'segment' | 'generation'>): KnownFile {
    const known = this.#files.get(segment);
    if (known?.generation === generation) return known;
    const path = join(this.#options.folder, keysName(segment, generation));
    const found = { generation, path };
    this.#files.set(segment, found);
    return found;
  }
}

function inMemory(bytes: Buffer): UseKeysSource {
  const source = {
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
    size: async () => bytes.length,
  };
  return (use) => use(source);
}
