import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { ClosedKeys } from './closed-keys.ts';
import { damageOf, storageError } from './damage.ts';
import type { FileCache } from './file-cache.ts';
import type { IndexCache } from './index-cache.ts';
import {
  indexName,
  keysName,
  parseIndexName,
  parseKeysName,
  parseSegmentFileName,
  parseSegmentName,
  segmentName,
} from './layout.ts';
import { leftFiles } from './left-files.ts';
import type { LogManifest } from './log-manifest.ts';
import type { ClosedActive, LogWriter } from './log-writer.ts';
import type { ActiveSegment, ClosedSegment, LastCompaction, LastSnapshot } from './manifest.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Storage } from './storage.ts';

/** What rewriting changes. */
export interface SegmentRewritingOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly table: SegmentTable;
  readonly manifest: LogManifest;
  readonly writer: LogWriter | undefined;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly keys: ClosedKeys;
  /** Why the log can only be read, if it is so. */
  readonly trouble: () => string | undefined;
  /** A closed segment is damaged, or may be. */
  readonly onSuspect: ((segment: number) => void) | undefined;
  readonly onNotice: (notice: string) => void;
}

/** The active segment, and how much of its file is durable and can be read. */
export interface ActiveFile extends ActiveSegment {
  readonly durableBytes: number;
}

/** Puts files that were rewritten in the place of those that they were made from, while the log is read and written. */
export class SegmentRewriting {
  readonly #options: SegmentRewritingOptions;
  /** Files that go when nobody reads them any more, by name, and when they have gone. */
  readonly #removals = new Map<string, Promise<void>>();

  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SegmentRewritingOptions) {
    this.#options = options;
  }

  /** Do something while nobody else rewrites segments of this log: one after the other, in the order of the calls. */
  exclusively<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#last.then(job);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Absolute path of the folder that the log is in. */
  get folder(): string {
    return this.#options.folder;
  }

  /** The closed segments now, in order. */
  get closed(): readonly ClosedSegment[] {
    return [...this.#options.table.closed];
  }

  get active(): ActiveFile {
    const { segment, firstCommit, firstSequence, index } = this.#options.table.active;
    return { segment, firstCommit, firstSequence, durableBytes: index.end.offset };
  }

  /** The last compaction that the manifest tells of. */
  get compacted(): LastCompaction | undefined {
    return this.#options.manifest.compacted;
  }

  /** The snapshot that the closed segments were rewritten under last; undefined for none. */
  get forgotten(): LastSnapshot | undefined {
    return this.#options.manifest.forgotten;
  }

  /**
   * Close the active segment, so that it can be rewritten. The owner's state must be that after what was appended so far.
   *
   * @returns undefined where there is nothing in it.
   * @throws AtedbError CHAIN_READ_ONLY.
   */
  closeActive(): ClosedActive | undefined {
    return this.#checkWritable().closeActive();
  }

  /**
   * Before files are written that are to be put in the place of others: what a failed attempt has left in doubt is settled, so
   * that no file is written over which the manifest may name.
   *
   * @throws AtedbError CHAIN_READ_ONLY, STORAGE_FAILED.
   */
  async prepare(): Promise<void> {
    this.#checkWritable();
    await this.#options.manifest.settle().catch((error: unknown) => {
      throw storageError('writing the manifest', error);
    });
  }

  /**
   * Have a rewritten file take the place of the one that it was made from. It, its index and its keys are durable. The old files
   * are removed once nobody reads them any more; that isn't waited for.
   *
   * @throws AtedbError CHAIN_READ_ONLY; STORAGE_FAILED, and then the log is as it was.
   */
  replace(next: ClosedSegment): Promise<void> {
    return this.#replace([next], undefined);
  }

  /**
   * As `replace`, of all segments that hold commits that a snapshot is about: all of them in one step.
   *
   * @throws as `replace`.
   */
  forget(all: readonly ClosedSegment[], under: LastSnapshot): Promise<void> {
    return this.#replace(all, under);
  }

  async #replace(all: readonly ClosedSegment[], under: LastSnapshot | undefined): Promise<void> {
    const { table, manifest, indexes, keys } = this.#options;
    const replaced = all.map((next) => ({ next, old: table.closed[next.segment - table.first] }));
    try {
      this.#checkWritable();
      for (const { old, next } of replaced) checkSucceeds(old, next);
      const nextOf = (one: ClosedSegment) => replaced.find(({ old }) => old === one)?.next ?? one;
      await manifest.replace(
        (now) => ({ ...now, closed: now.closed.map(nextOf), forgotten: under ?? now.forgotten }),
        () => {
          for (const { next } of replaced) table.replace(next);
        },
      );
    } catch (error) {
      await this.cleanUp();
      throw storageError('putting a rewritten segment in its place', error);
    }
    for (const { old } of replaced as { readonly old: ClosedSegment }[]) {
      const removal = this.#removeOld(old, () => {
        indexes.drop(old);
        keys.drop(old);
      });
      const name = segmentName(old.segment, old.generation);
      this.#removals.set(name, removal);
      removal.finally(() => this.#removals.delete(name));
    }
  }

  /**
   * Remove what an attempt has left that has failed: files that the manifest doesn't name, if it is certain what that says. Never
   * rejects.
   */
  async cleanUp(): Promise<void> {
    const { storage, folder, manifest, table, onNotice } = this.#options;
    try {
      await manifest.settle();
      const left = await leftFiles(storage, folder, table.closed);
      const isGoing = (name: string) => {
        const found = parseSegmentFileName(name) ?? parseIndexName(name) ?? parseKeysName(name);
        return found && this.#removals.has(segmentName(found.segment, found.generation));
      };
      for (const name of left) if (!isGoing(name)) await storage.remove(join(folder, name));
    } catch (error) {
      onNotice(`what a failed rewriting has left was not removed: ${inWords(error)}`);
    }
  }

  /** An attempt has failed: where that was since a segment is damaged, it is looked at. */
  suspect(error: unknown): void {
    const segment = parseSegmentName(damageOf(error)?.file ?? '');
    if (segment !== undefined) this.#options.onSuspect?.(segment);
  }

  /** Remember a compaction that has ended. @throws AtedbError CHAIN_READ_ONLY, STORAGE_FAILED. */
  async compactedAt(compacted: LastCompaction): Promise<void> {
    this.#checkWritable();
    try {
      await this.#options.manifest.replace(
        (now) => ({ ...now, compacted }),
        () => undefined,
      );
    } catch (error) {
      throw storageError('writing the manifest', error);
    }
  }

  /** Resolves when all old files are removed. Never rejects. */
  async idle(): Promise<void> {
    await this.#options.manifest.idle();
    await Promise.all(this.#removals.values());
  }

  /** Never rejects. */
  async #removeOld(old: ClosedSegment, forget: () => void): Promise<void> {
    const name = segmentName(old.segment, old.generation);
    try {
      await this.#options.files.retire(name);
      forget();
      await this.#remove(old);
    } catch (error) {
      this.#options.onNotice(`${name} was not removed, and will be on opening: ${inWords(error)}`);
    }
  }

  async #remove({
    segment,
    generation,
  }: Pick<ClosedSegment, 'segment' | 'generation'>): Promise<void> {
    const { storage, folder } = this.#options;
    const names = [segmentName, indexName, keysName].map((nameOf) => nameOf(segment, generation));
    for (const name of names) {
      const path = join(folder, name);
      if ((await storage.stat(path)) !== undefined) await storage.remove(path);
    }
    await storage.syncFolder(folder);
  }

  #checkWritable(): LogWriter {
    const { writer, trouble } = this.#options;
    const why = trouble();
    if (why === undefined && writer !== undefined) return writer;
    throw new AtedbError(
      'CHAIN_READ_ONLY',
      `the chain can only be read, and its files are left as they are: ${why}`,
    );
  }
}

function checkSucceeds(
  old: ClosedSegment | undefined,
  next: ClosedSegment,
): asserts old is ClosedSegment {
  const succeeds =
    old !== undefined &&
    next.generation === old.generation + 1 &&
    next.firstCommit === old.firstCommit &&
    next.firstSequence === old.firstSequence &&
    next.originalSha256.equals(old.originalSha256);
  if (!succeeds) throw new Error(`segment ${next.segment} was rewritten from another file`);
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
