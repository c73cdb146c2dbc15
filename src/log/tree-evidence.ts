import { AtedbError, batchBytesMax, gapBytesMax } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { findCommitAtEnd } from './commit-at-end.ts';
import { footerAtEnd, footerBytesMax } from './segment-footer.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { StorageFile } from './storage.ts';

/** What is known of the roots of a chain's tree, at some sizes. */
export class TreeEvidence {
  readonly #roots = new Map<number, Buffer>();
  #sizeMax = 0;

  /** The largest size that is known. */
  get sizeMax(): number {
    return this.#sizeMax;
  }

  /** Of two that differ, the first counts. */
  add(size: number, root: Buffer): void {
    if (!this.#roots.has(size)) this.#roots.set(size, root);
    this.#sizeMax = Math.max(this.#sizeMax, size);
  }

  /** What a tree is by what is known of its size: that one, another; undefined: nothing is known of it. */
  of(frontier: Frontier): 'same' | 'other' | undefined {
    const root = this.#roots.get(frontier.size);
    if (root === undefined) return undefined;
    return root.equals(frontier.root()) ? 'same' : 'other';
  }

  /** Add what the header, the footer and the last batch of a segment's file say. What of it can't be read says nothing. */
  async addFile(
    file: StorageFile | undefined,
    of: {
      readonly name: string;
      readonly segment: number;
      readonly generation: number;
      readonly chainId: Buffer;
    },
  ): Promise<void> {
    if (file === undefined) return;
    try {
      const start = await file.read(0, headerBytesMax);
      const { header } = parseSegmentHeader(start, of.segment, of.generation);
      if (!header.chainId.equals(of.chainId)) return;
      const { firstCommit, frontier } = header;
      if (firstCommit > 0) this.add(firstCommit, Frontier.from(firstCommit, frontier).root());
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    }
    const fileBytes = await file.size();
    const endBytes = Math.min(gapBytesMax + batchBytesMax + footerBytesMax, fileBytes);
    const end = await file.read(fileBytes - endBytes, endBytes);
    const footer = footerAtEnd(end, of.name);
    if (footer !== undefined) this.add(footer.footer.nextCommit, footer.footer.treeRoot);
    const last = findCommitAtEnd(end.subarray(0, end.length - (footer?.bytes ?? 0)));
    if (last?.treeRoot !== undefined) this.add(last.commit + 1, Buffer.from(last.treeRoot));
  }
}
