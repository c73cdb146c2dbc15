import { batchBytesMax, gapBytesMax } from '../bytes/index.ts';
import { type CommitView, commitCrcFits, type Gap } from '../event/index.ts';
import { findCommitAtEnd, parseCommitOrUndefined } from './commit-at-end.ts';
import { footerAtEnd, footerBytesMax, type SegmentFooter } from './segment-footer.ts';
import { type FileBatch, isBatch, SegmentWindow } from './segment-window.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';

/** Where a batch is due, with what is gone before it. */
export interface DuePlace {
  readonly commit: number;
  readonly sequence: number;
}

/** A batch of a file that can be read. Its buffers lie in a larger one: copy what is kept. */
export interface LocalBatch {
  readonly kind: 'batch';
  /** What is gone before it, or of it; undefined where nothing is. */
  readonly gap: Gap | undefined;
  readonly run: Buffer;
  readonly commit: CommitView;
}

/** What is where a batch is due that can't be read. */
export interface LocalFault {
  readonly kind: 'fault';
  readonly what: string;
  /** The header of the commit that is there, whose checksum doesn't fit: it may be whole. */
  readonly headerBytes: Buffer | undefined;
}

/** Walks the batches of a segment's file that may be damaged anywhere, and finds its way again where it is told how large what is damaged was. */
export class LocalBatches {
  readonly #window: SegmentWindow;
  readonly #limit: number;
  readonly #index: SparseIndex | undefined;
  /** Of the file's end; undefined where it has none that can be used. */
  readonly footer: SegmentFooter | undefined;
  /** The commit that the file's batches end with; undefined where that can't be read. */
  readonly last: CommitView | undefined;
  /** Where the next batch begins; undefined: nobody knows. */
  #at: number | undefined;
  /** Where what was found last ends, if it is framed. */
  #framedEnd: number | undefined;

  private constructor(options: {
    readonly file: StorageFile;
    readonly limit: number;
    readonly start: number;
    readonly index: SparseIndex | undefined;
    readonly footer: SegmentFooter | undefined;
    readonly last: CommitView | undefined;
  }) {
    this.#window = new SegmentWindow(options.file, options.limit);
    this.#limit = options.limit;
    this.#at = options.start;
    this.#index = options.index;
    this.footer = options.footer;
    this.last = options.last;
  }

  /** @param at.start where the first batch begins. */
  static async of(
    file: StorageFile,
    at: { readonly name: string; readonly start: number; readonly index: SparseIndex | undefined },
  ): Promise<LocalBatches> {
    const fileBytes = await file.size();
    const endBytes = Math.min(gapBytesMax + batchBytesMax + footerBytesMax, fileBytes);
    const end = await file.read(fileBytes - endBytes, endBytes);
    const found = footerAtEnd(end, at.name);
    const footerBytes = found?.bytes ?? 0;
    const last = findCommitAtEnd(end.subarray(0, end.length - footerBytes));
    const limit = Math.max(at.start, fileBytes - footerBytes);
    return new LocalBatches({ ...at, file, limit, footer: found?.footer, last });
  }

  /** Where the walk is, in bytes; 0 where nobody knows. */
  get offset(): number {
    return this.#at ?? 0;
  }

  /** Whether it says that there is a batch at a place. */
  isDue({ commit }: DuePlace): boolean {
    if (this.#at !== undefined) return this.#at < this.#limit;
    return commit <= (this.last?.commit ?? -1);
  }

  /** The batch that is due at a place. The walk goes on behind it, if it is there; else `skip` says where. */
  async next(place: DuePlace): Promise<LocalBatch | LocalFault> {
    this.#framedEnd = undefined;
    this.#at ??= await this.#startOf(place, [this.#indexed(place)]);
    if (this.#at === undefined) return fault('where it begins is lost');
    if (this.#at >= this.#limit) return fault('it is cut short');
    const found = await this.#window.batchAt(this.#at);
    if (!isBatch(found)) return fault(found.what);
    this.#framedEnd = found.end;
    const { stored, frame } = found;
    const commit = parseCommitOrUndefined(stored.subarray(frame.commitStart, frame.end));
    if (!commitCrcFits(stored)) return fault('a checksum does not fit', commit?.headerBytes);
    if (commit === undefined || !isAt(commit, found, place)) {
      return fault('it is of another place');
    }
    this.#at = found.end;
    const run = stored.subarray(frame.runStart, frame.runEnd);
    return { kind: 'batch', gap: frame.gap, run, commit };
  }

  /** What is damaged is passed over, which took so many bytes where it was whole. @param after the place behind it. */
  async skip(bytes: number, after: DuePlace): Promise<void> {
    const from = this.#at;
    const sized = from === undefined ? undefined : from + bytes;
    const candidates = [this.#framedEnd, sized, this.#indexed(after)];
    this.#at = undefined;
    // Where what comes is damaged, too, it is looked at all the same: its header may be whole, and that it is there has to be told.
    const guess = this.#framedEnd ?? sized;
    this.#at = (await this.#startOf(after, candidates)) ?? this.#within(guess);
  }

  #within(at: number | undefined): number | undefined {
    return at !== undefined && at < this.#limit ? at : undefined;
  }

  /** Which of some offsets is the one at which the batch of a place begins, or the batches end. */
  async #startOf(
    place: DuePlace,
    candidates: readonly (number | undefined)[],
  ): Promise<number | undefined> {
    for (const at of candidates) {
      if (at === undefined || at > this.#limit) continue;
      if (at === this.#limit) return at;
      const found = await this.#window.batchAt(at);
      if (!isBatch(found) || !commitCrcFits(found.stored)) continue;
      const { commitStart, end } = found.frame;
      const commit = parseCommitOrUndefined(found.stored.subarray(commitStart, end));
      if (commit !== undefined && isAt(commit, found, place)) return at;
    }
    return undefined;
  }

  #indexed({ commit }: DuePlace): number | undefined {
    const index = this.#index;
    if (index === undefined) return undefined;
    const entry = index.at(index.lastUpTo('commit', commit));
    return entry.commit === commit ? entry.offset : undefined;
  }
}

function fault(what: string, headerBytes?: Buffer): LocalFault {
  return { kind: 'fault', what, headerBytes };
}

function isAt(commit: CommitView, { frame }: FileBatch, place: DuePlace): boolean {
  const { commits = 0, events = 0 } = frame.gap ?? {};
  return (
    commit.commit === place.commit + commits &&
    commit.firstSequence === place.sequence + events &&
    commit.events === frame.events &&
    commit.batchBytes === frame.runEnd
  );
}
