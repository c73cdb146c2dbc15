import { KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import {
  type Batch,
  eventMarks,
  GoneRuns,
  hashOfWriters,
  layoutOf,
  layoutStride,
  type RetentionRule,
  type Snapshot,
  type TreeHead,
  type WriterSeal,
  writesObject,
} from '../event/index.ts';
import type { BatchChanges, RetentionFloor } from '../trust/index.ts';
import { CommitTimes } from './commit-times.ts';
import { decideSurvival, type SurvivalFacts } from './votes.ts';

const primaryKeyBytes = 16;
const kindTombstone = 3;

/** A batch of the commits that a snapshot is about, and what is known of it. */
export interface ReplayedBatch {
  readonly batch: Batch;
  readonly commit: number;
  readonly firstSequence: number;
  /** Of its commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** What of it has changed who may do what. */
  readonly changes: BatchChanges;
}

/** What stays of the commits that a snapshot is about, and what the snapshot says. */
export interface FoundSurvivors {
  readonly content: Snapshot;
  /** Sequence of the first event that it isn't about. */
  readonly endSequence: number;
  /** How many events go that were there. */
  readonly goneNow: number;
  /** Whether an event stays. */
  stays(sequence: number): boolean;
  /** Whether the seal and the commit of a batch stay, whatever becomes of its events. */
  keepsCommit(commit: number): boolean;
}

/**
 * Finds which events stay under a snapshot. Batches are given to it in order, from the first one of the chain on; some may be gone
 * already, under a snapshot before: then it finds the same. It keeps two bits an event, 16 bytes a commit, some 50 an object, and some
 * hundred a writer.
 */
export class SurvivorFinder {
  /** A bit an event: whether it stays for what it is by itself. */
  #stays = new Uint8Array(1024);
  /** A bit an event: whether it is a tombstone. */
  #tombstones = new Uint8Array(1024);
  /** The newest event of each object. */
  readonly #newest = new KeyTable(randomSecret());
  /** The first event of each object that stays for what it is by itself: as if each was of another writer. */
  readonly #staying = new Map<string, number>();
  readonly #keptCommits = new Set<number>();
  readonly #writers = new Map<string, { readonly commit: number; readonly seal: WriterSeal }>();
  readonly #times = new CommitTimes();
  #retention: RetentionRule | undefined;
  #lastCommit = 0;
  #endSequence = 0;
  #count = 0;

  /** Take the next batch. */
  add(replayed: ReplayedBatch): void {
    const { batch, commit, firstSequence, timeUnixMs, changes } = replayed;
    const { retention } = changes;
    const { layout, bytes, count, seal } = batch;
    this.#reserve(firstSequence + count);
    this.#times.add(timeUnixMs, firstSequence);
    const changed = new Set(changes.byEvents);
    for (let index = 0; index < count; index += 1) {
      const at = index * layoutStride;
      const kind = layout[at + layoutOf.kind] as number;
      if (kind === 0) continue;
      this.#count += 1;
      const sequence = firstSequence + index;
      const keyStart = layout[at + layoutOf.keyStart] as number;
      const isOfObject = writesObject(kind);
      const hasAuthority = (batch.marksOf(index) & eventMarks.authority) !== 0;
      const hasChanged = changed.has(index);
      // Nearly all events of most chains: nothing by itself keeps them.
      const isOrdinary = isOfObject && !hasAuthority && !hasChanged;
      const said = { kind: batch.kindOf(index) as SurvivalFacts['kind'], hasAuthority, hasChanged };
      if (!isOrdinary && decideSurvival({ ...nothingKnown, ...said }) !== 'gone') {
        setBit(this.#stays, sequence);
        if (isOfObject) this.#noteStaying(bytes, keyStart, sequence);
      }
      if (!isOfObject) continue;
      if (kind === kindTombstone) setBit(this.#tombstones, sequence);
      this.#newest.add(bytes, keyStart, sequence, 0, 0);
    }
    // It has shown keys, or what was delegated: all that comes later is verified with them.
    if (changes.bySeal) this.#keptCommits.add(commit);
    // What a rule for retention has let go by then is counted to the commit before it is another.
    if (retention !== this.#retention && commit > 0) this.#keptCommits.add(this.#lastCommit);
    this.#retention = retention;
    this.#lastCommit = commit;
    this.#endSequence = firstSequence + count;
    const { writerId, counter, hash } = seal;
    const last = { writerId: Buffer.from(writerId), counter, sealHash: hash };
    this.#writers.set(seal.writerIdHex, { commit, seal: last });
  }

  /**
   * Say what stays: all batches were given.
   *
   * @param head of the tree after them.
   * @param floor what the chain's rules for retention have let go by then.
   */
  finish(head: TreeHead, floor: RetentionFloor): FoundSurvivors {
    this.#addNewest(this.#expiredEnd(floor));
    const endSequence = this.#endSequence;
    const stays = (sequence: number) => isSet(this.#stays, sequence);
    const runs = new GoneRuns();
    let events = 0;
    let from = 0;
    for (let sequence = 0; sequence < endSequence; sequence += 1) {
      if (!stays(sequence)) continue;
      runs.add(from, sequence);
      from = sequence + 1;
      events += 1;
    }
    runs.add(from, endSequence);
    const standing = [...this.#writers.values()];
    for (const { commit } of standing) this.#keptCommits.add(commit);
    const seals = standing.map(({ seal }) => seal);
    return {
      content: {
        size: head.size,
        treeRoot: head.root,
        events,
        gone: runs.finish(),
        writers: seals.length,
        writersHash: hashOfWriters(seals),
      },
      endSequence,
      goneNow: this.#count - events,
      stays,
      keepsCommit: (commit) => this.#keptCommits.has(commit),
    };
  }

  /** Have the newest event of each object stay that has to. @param expiredEnd all events below it were let go by retention. */
  #addNewest(expiredEnd: number): void {
    const key = Buffer.alloc(primaryKeyBytes);
    for (let entry = 0; entry < this.#newest.size; entry += 1) {
      const { newest: sequence } = this.#newest.recordAt(entry);
      this.#newest.copyKey(entry, key, 0);
      const first = this.#staying.get(key.toString('latin1'));
      const decision = decideSurvival({
        ...nothingKnown,
        kind: isSet(this.#tombstones, sequence) ? 'tombstone' : 'data',
        isNewest: true,
        isExpired: sequence < expiredEnd,
        hasEarlier: first !== undefined && first < sequence,
      });
      if (decision !== 'gone') setBit(this.#stays, sequence);
    }
  }

  #noteStaying(bytes: Buffer, keyStart: number, sequence: number): void {
    const key = bytes.toString('latin1', keyStart, keyStart + primaryKeyBytes);
    if (!this.#staying.has(key)) this.#staying.set(key, sequence);
  }

  #expiredEnd(floor: RetentionFloor): number {
    let end = floor.sequence;
    if (floor.timeUnixMs === 0) return end;
    end = Math.max(end, this.#times.firstAfter(floor.timeUnixMs) ?? this.#endSequence);
    return end;
  }

  #reserve(sequences: number): void {
    let { length } = this.#stays;
    while (length * 8 < sequences) length *= 2;
    if (length === this.#stays.length) return;
    this.#stays = grown(this.#stays, length);
    this.#tombstones = grown(this.#tombstones, length);
  }
}

const nothingKnown: Omit<SurvivalFacts, 'kind'> = {
  hasAuthority: false,
  hasChanged: false,
  isNewest: false,
  isExpired: false,
  hasEarlier: false,
};

function grown(bits: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bits);
  return larger;
}

function setBit(bits: Uint8Array, place: number): void {
  const at = Math.floor(place / 8);
  bits[at] = (bits[at] as number) | (1 << (place % 8));
}

function isSet(bits: Uint8Array, place: number): boolean {
  return ((bits[Math.floor(place / 8)] as number) & (1 << (place % 8))) !== 0;
}
