import type { TreeHead } from '../event/index.ts';
import { recentHeadsMax } from './log-limits.ts';

/** The roots of the last heads that were published: those that writers and readers ask about. */
export class PublishedHeads {
  /** By size, oldest first. */
  readonly #roots = new Map<number, Buffer>();

  add({ size, root }: TreeHead): void {
    this.#roots.set(size, root);
    if (this.#roots.size <= recentHeadsMax) return;
    for (const oldest of this.#roots.keys()) {
      this.#roots.delete(oldest);
      return;
    }
  }

  rootAt(size: number): Buffer | undefined {
    return this.#roots.get(size);
  }
}
