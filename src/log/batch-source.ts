import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { type CommitView, commitCrcFits, type Gap } from '../event/index.ts';
import { parseCommitOrUndefined } from './commit-at-end.ts';
import { errorCode } from './damage.ts';
import { segmentName } from './layout.ts';
import { loadManifest } from './load-manifest.ts';
import type { Manifest } from './manifest.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import { isBatch, SegmentWindow } from './segment-window.ts';
import type { Storage, StorageFile } from './storage.ts';

/** A batch that somebody else has. Its buffers may lie in a larger one: copy what is kept. */
export interface OtherBatch {
  /** What is gone before it, or of it; undefined where nothing is. */
  readonly gap?: Gap | undefined;
  readonly run: Buffer;
  readonly commit: CommitView;
  /** Of the gap, the run and the commit, as they are stored there. */
  readonly storedBytes: number;
}

/** Somebody else who has batches of a chain, and is not believed. */
export interface BatchSource {
  /** Batches from a commit on, in order, as many as it has without anything missing but what a gap stands for. @throws where it can't be asked. */
  batchesFrom(place: {
    readonly commit: number;
    readonly sequence: number;
  }): AsyncIterable<OtherBatch>;
}

/** Batches of a copy of a chain's folder, as far as they can be read; it may be of any age, and damaged. */
export class FolderBatches implements BatchSource {
  readonly #storage: Storage;
  readonly #folder: string;

  /** @param folder absolute path of the copy. */
  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  async *batchesFrom({ commit }: { readonly commit: number }): AsyncGenerator<OtherBatch, void> {
    const manifest = await this.#manifest();
    if (manifest === undefined) return;
    const { closed, active } = manifest;
    const all = [...closed, { ...active, generation: 0 }];
    const first = all.findLastIndex(({ firstCommit }) => firstCommit <= commit);
    let next = commit;
    for (const { segment, generation } of first === -1 ? [] : all.slice(first)) {
      for await (const batch of this.#batchesIn({ segment, generation })) {
        const number = batch.commit.commit;
        if (number < next) continue;
        // Or it lies within what is gone there.
        if (number - (batch.gap?.commits ?? 0) !== next) return;
        yield batch;
        next = number + 1;
      }
    }
  }

  async #manifest(): Promise<Manifest | undefined> {
    try {
      return (await loadManifest(this.#storage, this.#folder)).manifest;
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
      throw error;
    }
  }

  async *#batchesIn(of: {
    readonly segment: number;
    readonly generation: number;
  }): AsyncGenerator<OtherBatch, void> {
    const path = join(this.#folder, segmentName(of.segment, of.generation));
    let file: StorageFile;
    try {
      file = await this.#storage.open(path, 'read');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    try {
      const start = startOf(await file.read(0, headerBytesMax), of);
      if (start === undefined) return;
      const window = new SegmentWindow(file, await file.size());
      for (let at = start; ; ) {
        const found = await window.batchAt(at);
        // A footer, the end, or damage.
        if (!isBatch(found) || !commitCrcFits(found.stored)) return;
        const { frame, stored } = found;
        const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
        if (commit === undefined) return;
        const run = stored.subarray(frame.runStart, frame.runEnd);
        yield { gap: frame.gap, run, commit, storedBytes: stored.length };
        at = found.end;
      }
    } finally {
      await file.close();
    }
  }
}

function startOf(
  start: Buffer,
  { segment, generation }: { readonly segment: number; readonly generation: number },
): number | undefined {
  try {
    return parseSegmentHeader(start, segment, generation).bytes;
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
    throw error;
  }
}
