import { decideBatch, isWorthRewriting, Tally } from '../compact/index.ts';
import { parseBatch } from '../event/index.ts';
import {
  findNewest,
  keepKeys,
  lastCommitsOf,
  rewriteSegment,
  type ScannedBatch,
  type SegmentNewest,
  type Storage,
  scanSegmentFile,
} from '../log/index.ts';
import { checkRoom } from './check-room.ts';
import type {
  CompactionJob,
  CompactionListener,
  CompactionRunner,
  CountedSegment,
} from './compaction-job.ts';
import { forgetCommits } from './forget-commits.ts';
import { withBuffers } from './with-buffers.ts';

/** A rewritten segment that gives back less than this part of it isn't worth the change, unless somebody asked. */
const savedPartMin = 0.1;

/** Carries out jobs where it is called: for threads, and for tests. */
export class CompactionHere implements CompactionRunner {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async run(job: CompactionJob, listener: CompactionListener, signal: AbortSignal): Promise<void> {
    await new Compaction(this.#storage, job, { listener, signal }).run();
  }
}

/** A job that is being carried out. */
class Compaction {
  readonly #storage: Storage;
  readonly #job: CompactionJob;
  readonly #chainId: Buffer;
  readonly #listener: CompactionListener;
  readonly #signal: AbortSignal;
  /** Bytes of segments that are done. */
  #doneBytes = 0;

  constructor(
    storage: Storage,
    job: CompactionJob,
    { listener, signal }: { listener: CompactionListener; signal: AbortSignal },
  ) {
    this.#storage = storage;
    this.#job = job;
    this.#chainId = Buffer.from(job.chainId);
    this.#listener = listener;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { folder, closed: said, active, what } = this.#job;
    const closed = said.map(withBuffers);
    const at = { storage: this.#storage, folder, chainId: this.#chainId };
    const { snapshot } = this.#job;
    if (what === 'forget' && snapshot !== undefined) {
      const onProgress = (bytes: number) => {
        this.#signal.throwIfAborted();
        this.#listener.onProgress(bytes);
      };
      const done = await forgetCommits({ at, closed, active, snapshot, onProgress });
      this.#signal.throwIfAborted();
      await this.#listener.onForgotten(done);
      return;
    }
    const { segments, activeWriters } = await findNewest({ ...at, closed, active }, this.#signal);
    const found = segments.map((one, place) => this.#withExpired(one, closed[place + 1] ?? active));
    const chosen = found.filter((one) => this.#isChosen(one));
    this.#listener.onCounted(found.map((one) => counted(one, chosen.includes(one))));
    if (what === 'count' || chosen.length === 0) return;
    const lastCommits = await lastCommitsOf(at, active, activeWriters);
    for (const one of chosen) {
      this.#signal.throwIfAborted();
      const place = closed.indexOf(one.segment);
      const next = closed[place + 1] ?? active;
      await this.#rewrite(one, next, lastCommits);
      this.#doneBytes += one.segment.bytes;
    }
  }

  /** What the chain's rule for retention has let go counts as superseded. Where that ends in a segment, as if all its events were alike. */
  #withExpired(found: SegmentNewest, next: { readonly firstSequence: number }): SegmentNewest {
    const { firstSequence } = found.segment;
    const expired = Math.min(this.#job.retainedFrom, next.firstSequence) - firstSequence;
    if (expired <= 0) return found;
    const part = expired / (next.firstSequence - firstSequence);
    return { ...found, newestBytes: Math.floor(found.newestBytes * (1 - part)) };
  }

  #isChosen({ segment, newest: _, ...use }: SegmentNewest): boolean {
    return isWorthRewriting({ ...use, bytes: segment.bytes }, this.#job.isAsked);
  }

  async #rewrite(
    { segment, newest }: SegmentNewest,
    next: { readonly firstCommit: number; readonly firstSequence: number },
    lastCommits: ReadonlySet<number>,
  ): Promise<void> {
    const { folder, what, isAsked, horizonUnixMs, retainedFrom } = this.#job;
    const tally = new Tally();
    const decide = ({ run, commit }: ScannedBatch): Uint8Array | undefined => {
      const { firstSequence, timeUnixMs } = commit;
      return decideBatch(
        parseBatch(run),
        {
          timeUnixMs,
          horizonUnixMs,
          isWritersLast: lastCommits.has(commit.commit),
          expiredCount: retainedFrom - firstSequence,
          isNewest: (index) => isSet(newest, firstSequence + index - segment.firstSequence),
        },
        tally,
      );
    };
    const at = { storage: this.#storage, folder, chainId: this.#chainId };
    const report = (bytesAfter: number) => ({
      segment: segment.segment,
      bytesBefore: segment.bytes,
      bytesAfter,
      counts: tally.counts,
    });
    const onProgress = (bytes: number) => {
      this.#signal.throwIfAborted();
      this.#listener.onProgress(this.#doneBytes + bytes);
    };
    if (what === 'plan') {
      await scanSegmentFile(at, segment, next, (batch) => {
        decide(batch);
        onProgress(batch.end);
      });
      const { dropped, expired } = tally.counts;
      const bytes = segment.bytes - dropped.bytes - expired.bytes;
      await this.#listener.onRewritten(report(bytes), undefined);
      return;
    }
    await checkRoom(this.#storage, folder, segment.bytes);
    const isWanted = (bytes: number) => {
      const saved = segment.bytes - bytes;
      return saved > 0 && (isAsked || saved >= segment.bytes * savedPartMin);
    };
    const keptBytes = () => tally.keptBytes;
    const to = { ...at, segment, next, decide, isWanted, keptBytes, onProgress };
    const made = await rewriteSegment(to);
    const { young, dropped, expired } = tally.counts;
    // So that it isn't taken for worth it again before more of it is dead. What is young will be.
    if (made === undefined && young.events === 0) {
      await keepKeys(at, segment, next, keptBytes() + dropped.bytes + expired.bytes);
    }
    if (made === undefined) tally.leaveDropped();
    await this.#listener.onRewritten(report(made?.bytes ?? segment.bytes), made);
  }
}

function isSet(bits: Uint8Array, place: number): boolean {
  return ((bits[place >>> 3] as number) & (1 << (place & 7))) !== 0;
}

function counted({ segment, newest: _, ...use }: SegmentNewest, isChosen: boolean): CountedSegment {
  const { segment: number, generation, bytes } = segment;
  return { segment: number, generation, bytes, ...use, isChosen };
}
