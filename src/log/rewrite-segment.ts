import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { batchBytesMax, commitBytesMax, gapBytesMax } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { encodeCommit, encodeGap } from '../event/index.ts';
import { damageError } from './damage.ts';
import { replaceFile, withFile } from './durable-files.ts';
import type { ForgetBatches } from './forget-batches.ts';
import { encodeIndex } from './index-file.ts';
import { KeysOfRuns } from './keys-of-runs.ts';
import { indexName, segmentName, unfinishedSuffix } from './layout.ts';
import type { ActiveSegment, ClosedSegment } from './manifest.ts';
import { rewriteRun } from './rewrite-run.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import { type ScannedBatch, type SegmentScan, scanSegment } from './scan-segment.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import { encodeSegmentHeader, headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import { spanOf } from './segment-span.ts';
import { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';
import { writeKeysFile } from './write-keys-file.ts';

/** Written and made durable at once: more would keep the disk from those who append, each of whose syncs waits for what is before it. */
const chunkBytes = 256 * 1024;
/** For larger batches more memory is taken: what is taken for each segment, and let go, counts for the collector. */
const usualBatchBytes = 256 * 1024;

/** A segment to rewrite. */
export interface SegmentToRewrite {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly chainId: Buffer;
  /** As the manifest has it. */
  readonly segment: ClosedSegment;
  /** The one behind it. */
  readonly next: Pick<ActiveSegment, 'firstCommit' | 'firstSequence'>;
  /**
   * What becomes of the data of a batch's events, one of `dataFates` for each; undefined where all of it stays. Batches come in
   * order.
   */
  readonly decide: (batch: ScannedBatch) => Uint8Array | undefined;
  /** The sequence of the redaction that erases an event of that batch, of which the fate is that. Absent: none is erased. */
  readonly redactionOf?: (batch: ScannedBatch, event: number) => number;
  /** Leaves whole events and commits out. Absent: all stay. */
  readonly forget?: ForgetBatches | undefined;
  /** Called when all was decided: whether the new file is wanted, which has so many bytes. */
  readonly isWanted: (bytes: number) => boolean;
  /** Called when all was decided: how many bytes of data were superseded and stay all the same. */
  readonly keptBytes: () => number;
  /** Told how far it is, in bytes of the old file. Ends it by throwing. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Make the next generation of a closed segment: the same batches, with the data of some events left out, or whole events and commits. The new file, its index
 * and its keys are durable under their names when this returns, and count for nothing until the manifest names them; see
 * `SegmentRewriting`. The old file must be the one that the manifest means: nothing damaged is ever copied.
 *
 * @returns undefined where the new file isn't wanted: then there is none.
 * @throws AtedbError CHAIN_DAMAGED where the segment isn't what it was when it was closed; what `decide`, `onProgress` and the
 *   storage throw. Then a file with `.new` behind its name may be left, which the next attempt replaces.
 */
export async function rewriteSegment(of: SegmentToRewrite): Promise<ClosedSegment | undefined> {
  const { storage, folder, chainId, segment: old } = of;
  const { segment, generation: oldGeneration, originalSha256 } = old;
  const generation = oldGeneration + 1;
  const name = segmentName(segment, generation);
  const path = join(folder, name);
  const unfinished = path + unfinishedSuffix;
  const copy = await withFile(
    storage,
    join(folder, segmentName(segment, oldGeneration)),
    'read',
    (source) =>
      withFile(storage, unfinished, 'replace', async (target) => {
        const made = new SegmentCopy(of, source, target);
        const root = await made.run();
        await checkCopy(of, target, root);
        return made;
      }),
  );
  if (!of.isWanted(copy.bytes)) {
    await storage.remove(unfinished);
    return undefined;
  }
  const sha256 = copy.sha256();
  await storage.rename(unfinished, path);
  await storage.syncFolder(dirname(path));
  const place = { chainId, segment, generation };
  const { firstCommit, firstSequence } = old;
  await replaceFile(
    storage,
    join(folder, indexName(segment, generation)),
    encodeIndex(copy.index, place),
  );
  const keysOf = { ...place, sha256, firstSequence };
  await writeKeysFile({ storage, folder }, keysOf, copy.keys.all, of.keptBytes());
  const { bytes } = copy;
  return { segment, generation, firstCommit, firstSequence, bytes, sha256, originalSha256 };
}

/** A copy of a segment that is being made. */
class SegmentCopy {
  readonly #of: SegmentToRewrite;
  readonly #source: StorageFile;
  readonly #target: StorageFile;
  readonly #oldHash = createHash('sha256');
  readonly #newHash = createHash('sha256');
  readonly keys = new KeysOfRuns();
  #index: SparseIndex | undefined;
  /** What is to be written: so many bytes of this memory, which is used again. More than a batch never waits beyond a chunk. */
  #out = Buffer.allocUnsafeSlow(chunkBytes + usualBatchBytes);
  #waiting = 0;
  /** Where that begins in the new file. */
  #written = 0;
  /** Where the group of the next commit begins in the new file. */
  #groupStart = 0;

  constructor(of: SegmentToRewrite, source: StorageFile, target: StorageFile) {
    this.#of = of;
    this.#source = source;
    this.#target = target;
  }

  /** Of the new file. */
  get bytes(): number {
    return this.#written + this.#waiting;
  }

  get index(): SparseIndex {
    return this.#index as SparseIndex;
  }

  /** Of the new file, when it is complete. */
  sha256(): Buffer {
    return this.#newHash.copy().digest();
  }

  /** Make all of it, durably. @returns the tree's root after it. */
  async run(): Promise<Buffer> {
    const { segment: old } = this.#of;
    const fileName = segmentName(old.segment, old.generation);
    const fileBytes = await this.#source.size();
    const start = await this.#source.read(0, headerBytesMax);
    const opening = parseSegmentHeader(start, old.segment, old.generation);
    const { header } = opening;
    this.#oldHash.update(start.subarray(0, opening.bytes));
    const { originalSha256 } = old;
    const rewritten = { generation: old.generation + 1, originalSha256 };
    this.#add(encodeSegmentHeader({ ...header, rewritten }));
    this.#groupStart = this.bytes;
    this.#index = new SparseIndex({
      offset: this.bytes,
      commit: old.firstCommit,
      sequence: old.firstSequence,
    });
    const scan = await scanSegment({
      file: this.#source,
      fileName,
      fileBytes,
      start: opening.bytes,
      durableAtLeast: opening.bytes,
      place: {
        commit: old.firstCommit,
        sequence: old.firstSequence,
        timeUnixMs: 0,
        frontier: Frontier.from(header.firstCommit, header.frontier),
      },
      reusesMemory: true,
      onBatch: (batch) => this.#addBatch(batch),
    });
    await this.#checkSource(scan, fileName);
    const { commit: nextCommit, sequence: nextSequence, frontier } = scan.place;
    const treeRoot = frontier.root();
    const durableOffset = this.bytes;
    this.#add(encodeSegmentFooter({ durableOffset, nextCommit, nextSequence, treeRoot }));
    await this.#flush();
    await this.#target.datasync();
    return treeRoot;
  }

  /** Whether what was read is the file that the manifest means. @throws AtedbError CHAIN_DAMAGED. */
  async #checkSource(scan: SegmentScan, file: string): Promise<void> {
    const { segment: old, next } = this.#of;
    const rest = await this.#source.read(scan.end, scan.fileBytes - scan.end);
    const isSame = this.#oldHash.update(rest).digest().equals(old.sha256);
    const isWhole = scan.fault === undefined && scan.place.commit === next.firstCommit;
    if (isSame && isWhole) return;
    const what = scan.fault?.what ?? 'it is not the file whose SHA-256 the manifest has';
    throw damageError({ file, offset: scan.end, what });
  }

  #addBatch(batch: ScannedBatch): Promise<void> | undefined {
    const { commit, stored, end } = batch;
    this.#oldHash.update(stored);
    const isLast = commit.commit + 1 === this.#of.next.firstCommit;
    const { forget } = this.#of;
    const left = forget === undefined ? batch : forget.take(batch, isLast);
    this.#of.onProgress?.(end);
    if (left === undefined) return undefined;
    const { gap } = left;
    this.#reserve(batch.stored.length);
    const start = this.#waiting;
    if (gap !== undefined) this.#add(encodeGap(gap));
    const kept = this.#copyRun({ ...batch, run: left.run });
    const run = this.#out.subarray(start, this.#waiting);
    const { headerBytes: header, treeRoot } = commit;
    const durableOffset = this.#groupStart;
    this.#add(encodeCommit({ run, header, treeRoot, durableOffset }));
    if (treeRoot !== undefined) this.#groupStart = this.bytes;
    this.keys.add(kept, commit.firstSequence);
    const { events, timeUnixMs } = commit;
    this.index.add({ events, timeUnixMs, endOffset: this.bytes, gap });
    return this.#waiting >= chunkBytes ? this.#flush() : undefined;
  }

  /** Put the run of a batch behind what waits to be written, without what goes. */
  #copyRun(batch: ScannedBatch): Buffer {
    const { run } = batch;
    const { decide, redactionOf } = this.#of;
    const fates = decide(batch);
    let kept: Buffer = this.#out.subarray(this.#waiting, this.#waiting + run.length);
    if (fates === undefined) run.copy(kept);
    else {
      const by = redactionOf && ((event: number) => redactionOf(batch, event));
      kept = rewriteRun(run, fates, by, kept);
    }
    this.#waiting += kept.length;
    return kept;
  }

  /** Have room for a batch and its commit, which may be some bytes longer than the one that was read. */
  #reserve(batchBytes: number): void {
    const needed = this.#waiting + gapBytesMax + batchBytes + commitBytesMax;
    if (needed <= this.#out.length) return;
    const larger = Buffer.allocUnsafeSlow(
      chunkBytes + gapBytesMax + batchBytesMax + commitBytesMax,
    );
    this.#out.copy(larger, 0, 0, this.#waiting);
    this.#out = larger;
  }

  #add(bytes: Buffer): void {
    this.#waiting += bytes.copy(this.#out, this.#waiting);
  }

  async #flush(): Promise<void> {
    const bytes = this.#out.subarray(0, this.#waiting);
    const written = this.#target.writeDurable(this.#written, bytes);
    // While the disk works.
    this.#newHash.update(bytes);
    await written;
    this.#written += bytes.length;
    this.#waiting = 0;
  }
}

/** Read the copy as anybody will, before it takes the place of what it was made from. @throws AtedbError CHAIN_DAMAGED. */
async function checkCopy(of: SegmentToRewrite, target: StorageFile, root: Buffer): Promise<void> {
  const { chainId, segment, next } = of;
  const generation = segment.generation + 1;
  const span = spanOf(chainId, { ...segment, generation }, next);
  const { place } = await scanClosedSegment(target, span, () => undefined, true);
  const isSame = place.sequence === next.firstSequence && place.frontier.root().equals(root);
  if (isSame) return;
  const file = segmentName(segment.segment, generation);
  throw damageError({ file, offset: 0, what: 'it is not a copy of the segment' });
}
