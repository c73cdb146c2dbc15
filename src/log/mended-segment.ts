import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { encodeCommit, encodeGap } from '../event/index.ts';
import type { OtherBatch } from './batch-source.ts';
import { segmentName, unfinishedSuffix } from './layout.ts';
import type { ChainPlace } from './scan-segment.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Written at once. */
const chunkBytes = 1024 * 1024;

/** A file that was made. */
export interface MendedFile {
  readonly segment: number;
  readonly generation: number;
  readonly bytes: number;
  readonly sha256: Buffer;
}

/** Where a file is made. */
export interface MendedPlace {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
}

/** A segment's file that is made anew, of batches that are there and of others. */
export class MendedSegment {
  readonly #at: MendedPlace;
  readonly #path: string;
  readonly #file: StorageFile;
  readonly #header: SegmentHeader;
  readonly #isActive: boolean;
  readonly #hash = createHash('sha256');
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0;
  /** Where the group of the next commit begins. */
  #groupStart = 0;

  private constructor(
    at: MendedPlace,
    of: { readonly path: string; readonly file: StorageFile },
    header: SegmentHeader,
    isActive: boolean,
  ) {
    this.#at = at;
    this.#path = of.path;
    this.#file = of.file;
    this.#header = header;
    this.#isActive = isActive;
    this.#put(encodeSegmentHeader(header));
    this.#groupStart = this.#bytes;
  }

  /** @param isActive whether batches can be put behind the last one: then it gets no footer. */
  static async begin(
    at: MendedPlace,
    header: SegmentHeader,
    isActive: boolean,
  ): Promise<MendedSegment> {
    const path = join(at.folder, segmentName(header.segment, header.rewritten?.generation));
    const file = await at.storage.open(path + unfinishedSuffix, 'replace');
    return new MendedSegment(at, { path, file }, header, isActive);
  }

  get #bytes(): number {
    return this.#written + this.#waitingBytes;
  }

  /** Add a batch: its gap and run, and the commit that it has, of which what storage says is made anew. */
  async add({ gap, run, commit }: Omit<OtherBatch, 'storedBytes'>): Promise<void> {
    const { headerBytes: header, treeRoot } = commit;
    // What a commit says of its batch, it says of the gap, too.
    const batch = gap === undefined ? Buffer.from(run) : Buffer.concat([encodeGap(gap), run]);
    this.#put(batch);
    this.#put(encodeCommit({ run: batch, header, treeRoot, durableOffset: this.#groupStart }));
    if (treeRoot !== undefined) this.#groupStart = this.#bytes;
    if (this.#waitingBytes >= chunkBytes) await this.#flush();
  }

  /** All batches were added: have the file under its name, durably. @param place the chain after them. */
  async finish({ commit, sequence, frontier }: ChainPlace): Promise<MendedFile> {
    if (!this.#isActive) {
      this.#put(
        encodeSegmentFooter({
          durableOffset: this.#bytes,
          nextCommit: commit,
          nextSequence: sequence,
          treeRoot: frontier.root(),
        }),
      );
    }
    await this.#flush();
    await this.#file.datasync();
    const { storage } = this.#at;
    await storage.rename(this.#path + unfinishedSuffix, this.#path);
    await storage.syncFolder(dirname(this.#path));
    const { segment, rewritten } = this.#header;
    const generation = rewritten?.generation ?? 0;
    return { segment, generation, bytes: this.#written, sha256: this.#hash.digest() };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #put(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#hash.update(bytes);
    await this.#file.write(this.#written, bytes);
    this.#written += bytes.length;
  }
}
