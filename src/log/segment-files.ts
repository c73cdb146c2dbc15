import { parseSegmentFileName, segmentName } from './layout.ts';
import type { Manifest } from './manifest.ts';

/**
 * Which file of each segment counts, of those in a folder: that of the generation that the manifest names, and of the active segment, which
 * is never rewritten, the first one. Where there is no manifest, or it doesn't name the segment, that is the highest one: a file has its
 * name when all of it is durable.
 */
export class SegmentFiles {
  readonly #files: ReadonlySet<string>;
  readonly #generations = new Map<number, number>();

  /** @param files names of all files in the folder. */
  constructor(files: ReadonlySet<string>, manifest: Manifest | undefined) {
    this.#files = files;
    for (const name of files) {
      const found = parseSegmentFileName(name);
      if (found === undefined) continue;
      const { segment, generation } = found;
      const highest = this.#generations.get(segment) ?? 0;
      this.#generations.set(segment, Math.max(highest, generation));
    }
    for (const { segment, generation } of manifest?.closed ?? []) {
      if (this.#generations.has(segment)) this.#generations.set(segment, generation);
    }
    // A backup that was interrupted may have left another file of it, which nothing names yet.
    const active = manifest?.active.segment;
    if (active !== undefined && files.has(segmentName(active))) this.#generations.set(active, 0);
  }

  /** Numbers of the segments that have a file, in order. */
  get numbers(): number[] {
    return [...this.#generations.keys()].sort((a, b) => a - b);
  }

  /** The generation that counts; 0 for a segment without a file. */
  generationOf(segment: number): number {
    return this.#generations.get(segment) ?? 0;
  }

  /** Whether that file is there. */
  has(segment: number): boolean {
    return this.#files.has(segmentName(segment, this.generationOf(segment)));
  }
}
