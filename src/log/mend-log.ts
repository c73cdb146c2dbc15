import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import {
  type CommitView,
  commitLeaf,
  type Gap,
  subtreesOfGap,
  type TreeHead,
} from '../event/index.ts';
import type { BatchSource, OtherBatch } from './batch-source.ts';
import { errorCode } from './damage.ts';
import { indexOfSegment } from './index-of-segment.ts';
import { segmentName } from './layout.ts';
import { type DuePlace, LocalBatches } from './local-batches.ts';
import type { ActiveSegment, ClosedSegment, Manifest } from './manifest.ts';
import { type MendedFile, MendedSegment } from './mended-segment.ts';
import type { ChainPlace } from './scan-segment.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { Storage, StorageFile } from './storage.ts';
import { type TakenSpan, TakenSpans } from './taken-spans.ts';
import { TreeEvidence } from './tree-evidence.ts';

/** A batch on its way through a mending, in order. Its buffers lie in a larger one: copy what is kept. */
export interface MendedBatch {
  /** What is gone before it, or of it; undefined where nothing is. */
  readonly gap?: Gap | undefined;
  readonly run: Buffer;
  readonly commit: CommitView;
  readonly segment: number;
  /** Whether others gave it. */
  readonly isTaken: boolean;
}

/** A run in place of another: the same, with the data of some events left out. */
export type RewriteTaken = (batch: MendedBatch) => Buffer;

/** What a mending needs. */
export interface MendOptions {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  /** As it is there, or as the segments say that it must have been. */
  readonly manifest: Manifest;
  readonly source: BatchSource;
  /** Sequence of the snapshot under which something is gone; undefined: nothing is. */
  readonly snapshot: number | undefined | 'unknown';
  /** Heads of the chain that somebody is certain of. */
  readonly heads: readonly TreeHead[];
  /** Files of the folder that are to be read elsewhere, by name, as absolute paths. */
  readonly instead?: ReadonlyMap<string, string>;
  readonly onBatch?: (batch: MendedBatch) => void;
  /** Absent: nothing is written. */
  readonly write?: {
    /** Where files go, in the same folder. */
    readonly to: Storage;
    /** What a look has found. */
    readonly found: LogMending;
    readonly rewrite: RewriteTaken;
  };
}

/** What a mending found, or did. */
export interface LogMending {
  /** What others gave, and what is here proves to be the chain's. */
  readonly taken: readonly TakenSpan[];
  /** What nobody has, or nothing proves; where it begins, and why. Undefined: nothing. */
  readonly missing: { readonly commit: number; readonly what: string } | undefined;
  /** The commit behind the last one that is proven. */
  readonly endCommit: number;
  /** Bytes of the batches that others gave. */
  readonly takenBytes: number;
  /** Commits behind that one that the others have, and nothing here proves. */
  readonly unprovenCommits: number;
  /** Where the batches of the active segment end in its file, in bytes; 0 where it has none. */
  readonly activeBytes: number;
  /** Where something was written: files of segments that hold what was taken. */
  readonly files: readonly MendedFile[];
}

/**
 * Go through a chain's batches, and take those that can't be read from somebody else. Nothing is believed of them: each is proven by what is here, which is
 * the header of its commit, or the tree's root that a batch, footer or header behind it was written with, or a head that somebody is certain of. What is in it is
 * proven then by the hashes in it, which the caller verifies.
 *
 * @throws AtedbError VERIFICATION_FAILED where what the others have is another history, or isn't what was found before; what the source throws.
 */
export function mendLog(options: MendOptions): Promise<LogMending> {
  return new Mending(options).run();
}

class Mending {
  readonly #options: MendOptions;
  readonly #evidence = new TreeEvidence();
  readonly #taken = new TakenSpans();
  readonly #files: MendedFile[] = [];
  #place: ChainPlace = { commit: 0, sequence: 0, timeUnixMs: 0, frontier: new Frontier() };
  /** Batches that were taken and aren't proven yet: all from one on. */
  #unprovenFrom: DuePlace | undefined;
  #missing: LogMending['missing'];
  #activeBytes = 0;
  #takenBytes = 0;
  #others: { readonly batches: AsyncIterator<OtherBatch>; next: number } | undefined;

  constructor(options: MendOptions) {
    this.#options = options;
  }

  async run(): Promise<LogMending> {
    const { manifest, heads } = this.#options;
    for (const { size, root } of heads) this.#evidence.add(size, root);
    await this.#gatherEvidence();
    try {
      for (const [at, closed] of manifest.closed.entries()) {
        const next = manifest.closed[at + 1] ?? manifest.active;
        await this.#segment(closed, next);
        if (this.#missing !== undefined) break;
      }
      if (this.#missing === undefined)
        await this.#segment({ ...manifest.active, generation: 0 }, undefined);
    } finally {
      await this.#endOthers();
    }
    const result = this.#result();
    this.#checkSame(result);
    return result;
  }

  /** What is written was asked for once more: who says now what was not looked at gives nothing. */
  #checkSame({ missing, endCommit }: LogMending): void {
    const { write } = this.#options;
    if (write === undefined) return;
    if (missing === undefined && endCommit === write.found.endCommit) return;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `what the others gave at first they don't give again, from commit ${missing?.commit ?? endCommit} on; nothing of it was taken. Repeat it, or ask somebody else`,
      { metadata: { commit: String(missing?.commit ?? endCommit) } },
    );
  }

  #result(): LogMending {
    const end = this.#unprovenFrom ?? this.#place;
    const endCommit = end.commit;
    const taken = this.#taken.before(end);
    const { firstCommit } = this.#options.manifest.active;
    // What was written to last may have been torn by a crash: that nothing is left of it is no damage, if nothing says so.
    const isOwed =
      endCommit < this.#place.commit && endCommit < Math.max(firstCommit, this.#evidence.sizeMax);
    const unproven = 'nothing that is left here proves what the others have of it';
    const missing = this.#missing ?? (isOwed ? { commit: endCommit, what: unproven } : undefined);
    const isUnproven = endCommit < this.#place.commit;
    return {
      ...{ taken, missing, endCommit, files: this.#files, activeBytes: this.#activeBytes },
      takenBytes: this.#takenBytes,
      unprovenCommits: isUnproven ? this.#place.commit - endCommit : 0,
    };
  }

  /** What headers and footers say of the tree, wherever they can be read. */
  async #gatherEvidence(): Promise<void> {
    const { manifest } = this.#options;
    const all = [...manifest.closed, { ...manifest.active, generation: 0 }];
    for (const { segment, generation } of all) {
      const name = segmentName(segment, generation);
      await this.#withFile(name, async (file) => {
        await this.#evidence.addFile(file, {
          name,
          segment,
          generation,
          chainId: manifest.chainId,
        });
      });
    }
  }

  async #withFile(
    name: string,
    use: (file: StorageFile | undefined) => Promise<void>,
  ): Promise<void> {
    const { storage, folder, instead } = this.#options;
    const path = instead?.get(name) ?? join(folder, name);
    let file: StorageFile | undefined;
    try {
      file = await storage.open(path, 'read');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    try {
      await use(file);
    } finally {
      await file?.close();
    }
  }

  async #segment(
    of: ActiveSegment & Partial<ClosedSegment>,
    next: ActiveSegment | undefined,
  ): Promise<void> {
    const { manifest, write } = this.#options;
    const { segment, generation = 0, firstCommit, firstSequence } = of;
    if (this.#place.commit !== firstCommit || this.#place.sequence !== firstSequence) {
      this.#missing = { commit: this.#place.commit, what: `segment ${segment} does not follow` };
      return;
    }
    const header = this.#headerOf(of, manifest, generation + 1);
    const isWritten = write?.found.taken.some((span) => span.segment === segment) === true;
    const name = segmentName(segment, generation);
    await this.#withFile(name, async (file) => {
      const index = next && (await this.#indexOf(of as ClosedSegment, next));
      // As long as it is to be, whatever it has become.
      const start = encodeSegmentHeader(this.#headerOf(of, manifest, generation)).length;
      const local = file && (await LocalBatches.of(file, { name, start, index }));
      if (write === undefined || !isWritten) {
        await this.#batches({ segment, name, next, local, made: undefined });
        if (next === undefined) this.#activeBytes = local?.offset ?? 0;
        return;
      }
      const to = { storage: write.to, folder: this.#options.folder };
      const made = await MendedSegment.begin(to, header, next === undefined);
      try {
        await this.#batches({ segment, name, next, local, made });
        if (this.#missing !== undefined) return;
        const file = await made.finish(this.#place);
        this.#files.push(file);
        if (next === undefined) this.#activeBytes = file.bytes;
      } finally {
        await made.close();
      }
    });
  }

  /** The header that a segment's file of a generation has; that of the active one has none. */
  #headerOf(
    { segment, originalSha256 }: ActiveSegment & Partial<ClosedSegment>,
    { chainId, closed }: Manifest,
    generation: number,
  ): SegmentHeader {
    const { commit: firstCommit, sequence: firstSequence, frontier } = this.#place;
    const before = closed.find((one) => one.segment === segment - 1);
    const isFirst = generation === 0 || originalSha256 === undefined;
    return {
      ...{ chainId, segment, firstCommit, firstSequence },
      rewritten: isFirst ? undefined : { generation, originalSha256 },
      frontier: frontier.hashes(),
      previousSha256: before?.originalSha256,
    };
  }

  #indexOf(segment: ClosedSegment, next: ActiveSegment) {
    const { storage, folder, manifest } = this.#options;
    return indexOfSegment({ storage, folder, chainId: manifest.chainId, segment, next });
  }

  async #batches(of: {
    readonly segment: number;
    readonly name: string;
    readonly next: ActiveSegment | undefined;
    readonly local: LocalBatches | undefined;
    readonly made: MendedSegment | undefined;
  }): Promise<void> {
    const { next, local, made } = of;
    const endCommit = next?.firstCommit ?? this.#options.write?.found.endCommit;
    const isOver = (): boolean => {
      if (endCommit !== undefined) return this.#place.commit >= endCommit;
      // How much there had been, nothing says but what is there, and who has seen more.
      return local?.isDue(this.#place) !== true && this.#place.commit >= this.#evidence.sizeMax;
    };
    while (!isOver()) {
      const found = await local?.next(this.#place);
      if (found?.kind === 'batch') {
        await this.#add({ ...found, segment: of.segment, isTaken: false }, made);
        continue;
      }
      const other = await this.#other();
      if (other === undefined) {
        const what = found === undefined ? `${of.name} is gone` : `${of.name}: ${found.what}`;
        // What is torn at the end of what is written to is no damage.
        if (next !== undefined || this.#place.commit < this.#evidence.sizeMax) {
          this.#missing = {
            commit: this.#place.commit,
            what: `${what}, and the others don't have it`,
          };
        }
        return;
      }
      const gone = this.#goneElsewhere(other);
      if (gone !== undefined) {
        this.#missing = { commit: this.#place.commit, what: gone };
        return;
      }
      this.#taken.note({ segment: of.segment, file: of.name }, this.#place, other);
      // The header of a commit says nothing of those that are gone before it.
      const isSame =
        (other.gap?.commits ?? 0) === 0 &&
        found?.headerBytes?.equals(other.commit.headerBytes) === true;
      await this.#add({ ...other, segment: of.segment, isTaken: true }, made, isSame);
      await local?.skip(other.storedBytes, this.#place);
    }
    if (next !== undefined && this.#place.sequence !== next.firstSequence)
      throw another(this.#place.commit);
  }

  /** Why a batch of others doesn't have what is to stand here: it went there under another snapshot than it did here, in words. */
  #goneElsewhere({ gap }: OtherBatch): string | undefined {
    const { snapshot } = this.#options;
    if (gap === undefined || snapshot === 'unknown' || gap.snapshot === snapshot) return undefined;
    const here =
      snapshot === undefined
        ? 'which was not carried out here'
        : `and here what is gone went under that at sequence ${snapshot}`;
    return `the others have let it go under the snapshot at sequence ${gap.snapshot}, ${here}`;
  }

  /** Go on behind a batch. @param isProven whether the header of its commit is here. */
  async #add(batch: MendedBatch, made: MendedSegment | undefined, isProven = false): Promise<void> {
    const { gap, commit, isTaken } = batch;
    const { frontier } = this.#place;
    const before = { commit: this.#place.commit, sequence: this.#place.sequence };
    if (gap !== undefined) this.#passGap(gap);
    frontier.append(Buffer.from(commitLeaf(commit.headerBytes)));
    const size = commit.commit + 1;
    const root = commit.treeRoot;
    if (root !== undefined && !isTaken) this.#evidence.add(size, Buffer.from(root));
    const { firstSequence, events, timeUnixMs } = commit;
    this.#place = { commit: size, sequence: firstSequence + events, timeUnixMs, frontier };
    if (isTaken && !isProven) this.#unprovenFrom ??= before;
    const isWrongRoot = isTaken && root !== undefined && !root.equals(frontier.root());
    const verdict = this.#unprovenFrom === undefined ? undefined : this.#evidence.of(frontier);
    if (isWrongRoot || verdict === 'other') throw another(commit.commit);
    if (verdict === 'same') this.#unprovenFrom = undefined;
    this.#options.onBatch?.(batch);
    if (made === undefined) return;
    const { write } = this.#options;
    const run = isTaken && write !== undefined ? write.rewrite(batch) : batch.run;
    await made.add({ gap, run, commit });
  }

  /** What is gone takes its place in the tree. */
  #passGap(gap: Gap): void {
    const { commit, frontier } = this.#place;
    try {
      for (const { hash, level } of subtreesOfGap(gap, commit)) {
        frontier.append(Buffer.from(hash), level);
      }
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'NON_CANONICAL') throw another(commit);
      throw error;
    }
  }

  /** The batch of this place that others have, if they have one that can stand there. */
  async #other(): Promise<OtherBatch | undefined> {
    const { commit, sequence, timeUnixMs } = this.#place;
    if (this.#others?.next !== commit) {
      await this.#endOthers();
      const all = this.#options.source.batchesFrom({ commit, sequence });
      this.#others = { batches: all[Symbol.asyncIterator](), next: commit };
    }
    const { value, done } = await this.#others.batches.next();
    if (done === true) return undefined;
    const other = value.commit;
    this.#others.next = other.commit + 1;
    const { commits = 0, events = 0 } = value.gap ?? {};
    const fits =
      other.commit === commit + commits &&
      other.firstSequence === sequence + events &&
      other.timeUnixMs >= timeUnixMs;
    // Who gives more than before, when it is written down, is not to fill the disk with it.
    this.#takenBytes += value.storedBytes;
    const isMore =
      this.#takenBytes > (this.#options.write?.found.takenBytes ?? Number.POSITIVE_INFINITY);
    if (!fits || isMore) throw another(commit);
    return value;
  }

  async #endOthers(): Promise<void> {
    await this.#others?.batches.return?.();
    this.#others = undefined;
  }
}

function another(commit: number): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the others have at commit ${commit} or before it is of another history than what is left here; nothing of it was taken`,
    { metadata: { commit: String(commit) } },
  );
}
