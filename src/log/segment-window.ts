import { type BatchFrame, type FrameFault, frameBatch, isFrame } from './framing.ts';
import { groupBytesMax } from './log-limits.ts';
import type { StorageFile } from './storage.ts';

/** More than any batch takes, so a batch that doesn't fit into a window isn't one. */
const windowBytes = groupBytesMax;

/** A batch in a file: where, and the bytes that hold it. */
export interface FileBatch {
  /** In the file. */
  readonly start: number;
  readonly end: number;
  /** The gap before it, if there is one, the run and its commit. */
  readonly stored: Buffer;
  /** Relative to `stored`. */
  readonly frame: BatchFrame;
}

/** Walks the batches of a file in windows of a few MiB, however large the file is. */
export class SegmentWindow {
  readonly #file: StorageFile;
  readonly #limit: number;
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;

  /** @param limit where the batches end at the latest; nothing beyond is looked at. */
  constructor(file: StorageFile, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  /** Find the batch that starts at this offset of the file, which is below the limit. */
  async batchAt(start: number): Promise<FileBatch | FrameFault> {
    const found = this.#frame(start);
    if (found !== undefined && (isFrame(found) || !found.short)) return this.#locate(start, found);
    this.#bytes = await this.#file.read(start, Math.min(windowBytes, this.#limit - start));
    this.#base = start;
    return this.#locate(start, frameBatch(this.#bytes, 0));
  }

  #frame(start: number): BatchFrame | FrameFault | undefined {
    const at = start - this.#base;
    return at >= 0 && at < this.#bytes.length ? frameBatch(this.#bytes, at) : undefined;
  }

  #locate(start: number, found: BatchFrame | FrameFault): FileBatch | FrameFault {
    if (!isFrame(found)) return found;
    const stored = this.#bytes.subarray(found.start, found.end);
    const frame: BatchFrame = {
      start: 0,
      gap: found.gap,
      runStart: found.runStart - found.start,
      runEnd: found.runEnd - found.start,
      commitStart: found.commitStart - found.start,
      end: stored.length,
      events: found.events,
    };
    return { start, end: start + stored.length, stored, frame };
  }
}

/** Whether a walk found a batch. */
export function isBatch(found: FileBatch | FrameFault): found is FileBatch {
  return 'stored' in found;
}
