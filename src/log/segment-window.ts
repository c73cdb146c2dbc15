import { type BatchFrame, type FrameFault, frameBatch, isFrame } from './framing.ts';
import { groupBytesMax } from './log-limits.ts';
import type { StorageFile } from './storage.ts';

/** Read at once: what is walked, hashed and copied of it stays in the processor's cache, and others have their turns in between. */
const windowBytes = 1024 * 1024;
/** More than any batch takes, so a batch that doesn't fit into such a window isn't one. */
const windowBytesMax = groupBytesMax;

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

/** Walks the batches of a file in windows of a MiB, or a few for a batch that is larger, however large the file is. */
export class SegmentWindow {
  readonly #file: StorageFile;
  readonly #limit: number;
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  readonly #reuses: boolean;
  #memory: Buffer | undefined;

  /**
   * @param limit where the batches end at the latest; nothing beyond is looked at.
   * @param reuses whether memory is used again for the next window: then what was found before is gone with the next call. It spares
   *   the collector, for which each window that is let go counts.
   */
  constructor(file: StorageFile, limit: number, reuses = false) {
    this.#file = file;
    this.#limit = limit;
    this.#reuses = reuses;
  }

  /** Find the batch that starts at this offset of the file, which is below the limit. */
  async batchAt(start: number): Promise<FileBatch | FrameFault> {
    const found = this.#frame(start);
    if (found !== undefined && (isFrame(found) || !found.short)) return this.#locate(start, found);
    for (const bytes of [windowBytes, windowBytesMax]) {
      const isAll = bytes >= this.#limit - start;
      await this.#read(start, Math.min(bytes, this.#limit - start));
      const framed = frameBatch(this.#bytes, 0);
      if (isFrame(framed) || !framed.short || isAll) return this.#locate(start, framed);
    }
    return this.#locate(start, frameBatch(this.#bytes, 0));
  }

  async #read(start: number, bytes: number): Promise<void> {
    if (this.#reuses && (this.#memory?.length ?? 0) < bytes) {
      this.#memory = Buffer.allocUnsafeSlow(bytes);
    }
    this.#bytes = await this.#file.read(start, bytes, this.#memory);
    this.#base = start;
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
