import { join } from 'node:path';
import { replaceFile } from './durable-files.ts';
import { manifestName } from './layout.ts';
import {
  encodeManifest,
  type LastCompaction,
  type LastSnapshot,
  type Manifest,
} from './manifest.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Storage } from './storage.ts';

/** Where a manifest lies, and what it is made from. */
export interface LogManifestOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  readonly compacted: LastCompaction | undefined;
  readonly forgotten: LastSnapshot | undefined;
}

/**
 * The manifest of a log that is written to. Rolls and rewriting both change it, each a part of it and at their own times: so one
 * change is made after the other, from what the table has by then.
 */
export class LogManifest {
  readonly #options: LogManifestOptions;
  #compacted: LastCompaction | undefined;
  #forgotten: LastSnapshot | undefined;
  #last: Promise<void> = Promise.resolve();
  #isCertain = true;

  constructor(options: LogManifestOptions) {
    this.#options = options;
    this.#compacted = options.compacted;
    this.#forgotten = options.forgotten;
  }

  /** The last compaction that it tells of. */
  get compacted(): LastCompaction | undefined {
    return this.#compacted;
  }

  /** The snapshot that was carried out last; undefined where none was. */
  get forgotten(): LastSnapshot | undefined {
    return this.#forgotten;
  }

  /** Whether the file says what this does: after a change that failed it may say one thing or the other. */
  get isCertain(): boolean {
    return this.#isCertain;
  }

  /**
   * Replace the file, durably, and then have the rest of the log follow it. Rejects with what the storage throws, and then
   * nothing follows.
   *
   * @param change makes the new manifest of the present one.
   * @param follow is called in the turn in which the file is known to be durable.
   */
  replace(change: (now: Manifest) => Manifest, follow: () => void): Promise<void> {
    const done = this.#last.then(() => this.#replace(change, follow));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Write it as it is, if the file may say something else. Rejects with what the storage throws. */
  async settle(): Promise<void> {
    if (this.#isCertain) return;
    await this.replace(
      (now) => now,
      () => undefined,
    );
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #replace(change: (now: Manifest) => Manifest, follow: () => void): Promise<void> {
    const { storage, folder, chainId, table } = this.#options;
    const { segment, firstCommit, firstSequence } = table.active;
    const active = { segment, firstCommit, firstSequence };
    const { closed } = table;
    const before = { compacted: this.#compacted, forgotten: this.#forgotten };
    const next = change({ chainId, closed, active, ...before });
    this.#isCertain = false;
    await replaceFile(storage, join(folder, manifestName), encodeManifest(next));
    this.#isCertain = true;
    this.#compacted = next.compacted;
    this.#forgotten = next.forgotten;
    follow();
  }
}
