import {
  type BuiltEvent,
  commitLeaf,
  type EventInput,
  encodeCommit,
  encodeGap,
  type Gap,
  GoneRuns,
  type GoneState,
  parseBatch,
  parseGenesis,
  type SliceBatch,
  type Snapshot,
  splitSlice,
} from '../../../src/event/index.ts';
import { ForgetBatches } from '../../../src/log/index.ts';
import type { GoneData } from '../gone.ts';
import { contentFor, dayMs, survivorsOf } from '../snapshot-world.ts';
import { AgingChain } from './expired-replays.ts';
import type { FixedKey } from './fixed.ts';
import type { FixedBatchOptions, FixedGenesis } from './fixed-chain.ts';
import { fixedEvent } from './fixed-chain.ts';
import { root } from './replayed.ts';

// Chains of which whole events and commits are gone, as a server has them that has carried out a snapshot.

/** What is otherwise than the rules of a snapshot have it. */
export interface Forgets {
  /** Number of the snapshot, from 0 on. Default: the last. */
  readonly by?: number;
  /** Whether an event stays, by its sequence. Absent, or undefined: as the rules say. */
  readonly stays?: (sequence: number) => boolean | undefined;
  /** Whether the seal and the commit of a batch stay. Absent, or undefined: as the rules say. */
  readonly keepsCommit?: (commit: number) => boolean | undefined;
  /** Whether a commit is the last of its segment, which stays. Default: none is. */
  readonly isLast?: (commit: number) => boolean;
}

/** Where a snapshot is, and about how many commits. */
export interface MadeSnapshot {
  readonly snapshot: number;
  readonly size: number;
}

/** How a snapshot is made. */
export interface SnapshotChoice extends FixedBatchOptions {
  /** About how many commits. Default: all that there are. */
  readonly size?: number;
  /** What it says otherwise than it should. */
  readonly says?: Partial<Snapshot>;
  /** Who makes it. Default: the root. */
  readonly by?: FixedKey;
  /** How much younger its commits are than it, in milliseconds. */
  readonly ageMs?: number;
}

/** A chain whose writers name its head, and of which whole events may go. Sequence 0 is its genesis. */
export class GapChain extends AgingChain {
  readonly snapshots: MadeSnapshot[] = [];

  static of(genesis?: FixedGenesis): GapChain {
    return new GapChain(genesis);
  }

  /** Whether the server may vouch for its batches. */
  get isCentralized(): boolean {
    return parseGenesis(this.chain.genesisHeader).trustMode === 'centralized';
  }

  /** Store a batch whose writer has seen all that is there. */
  override addBy(
    by: FixedKey,
    events: readonly BuiltEvent[],
    options: FixedBatchOptions = {},
    ...gone: readonly (GoneData | undefined)[]
  ): this {
    return super.addBy(by, events, { asOf: this.chain.head, ...options }, ...gone);
  }

  /** Append a snapshot that says what it should, but for what is chosen. */
  async snapshot(choice: SnapshotChoice = {}): Promise<this> {
    const { chain } = this;
    const { size = chain.head.size, says, by = root, ageMs = 8 * dayMs, ...options } = choice;
    const content = { ...(await this.content(size)), ...says };
    this.after(ageMs);
    this.snapshots.push({ snapshot: chain.nextSequence, size });
    return this.addBy(by, [snapshotEvent(content)], options);
  }

  /** What a snapshot of the first commits has to say. */
  content(size: number): Promise<Snapshot> {
    return contentFor(parseGenesis(this.chain.genesisHeader), this.chain.stored, size);
  }

  /** The chain as it is once a snapshot was carried out: each batch that is left, with its gap and its commit. */
  async forgotten({ by, stays, keepsCommit, isLast }: Forgets = {}): Promise<Buffer[]> {
    const { stored, genesisHeader } = this.chain;
    const made = by === undefined ? this.snapshots.at(-1) : this.snapshots[by];
    if (made === undefined) throw new Error('there is no such snapshot');
    const rules = await survivorsOf(parseGenesis(genesisHeader), stored, made.size);
    const forget = new ForgetBatches({
      ...made,
      stays: (sequence) => stays?.(sequence) ?? rules.stays(sequence),
      keepsCommit: (commit) => keepsCommit?.(commit) ?? rules.keepsCommit(commit),
    });
    return stored.flatMap((bytes) => {
      const { run, commit } = theBatch(bytes);
      const leaf = commitLeaf(commit.headerBytes);
      const batch = { gap: undefined, run, commit, leaf, stored: bytes, end: bytes.length };
      const left = forget.take(batch, isLast?.(commit.commit) === true);
      return left === undefined ? [] : [storedBatch({ ...left, commit })];
    });
  }
}

/** The event of a snapshot. @param snapshot what it says; undefined: nothing. */
export function snapshotEvent(
  snapshot: Snapshot | undefined,
  more: Partial<EventInput> = {},
): BuiltEvent {
  return fixedEvent('snapshot', {
    kind: 'snapshot',
    primaryKey: undefined,
    authority: snapshot === undefined ? {} : { snapshot },
    ...more,
  });
}

/** The one batch of a slice. */
export function theBatch(slice: Buffer): SliceBatch {
  const [batch, ...others] = splitSlice(slice);
  if (batch === undefined || others.length > 0) throw new Error('it is not one batch');
  return batch;
}

/** A batch as it is stored and sent. */
export function storedBatch({ gap, run, commit }: Pick<SliceBatch, 'gap' | 'run' | 'commit'>) {
  const before = gap === undefined ? run : Buffer.concat([encodeGap(gap), run]);
  const { headerBytes: header, treeRoot, durableOffset } = commit;
  return Buffer.concat([before, encodeCommit({ run: before, header, treeRoot, durableOffset })]);
}

/** The same batch with another gap, or without. */
export function withGap(slice: Buffer, change: (gap: Gap) => Gap | undefined): Buffer {
  const { gap, run, commit } = theBatch(slice);
  if (gap === undefined) throw new Error('it has no gap');
  return storedBatch({ gap: change(gap), run, commit });
}

/** Change the gap of that batch of a chain which is the `nth` with one, from 0 on. */
export function changeGap(
  left: readonly Buffer[],
  nth: number,
  change: (gap: Gap) => Gap | undefined,
): Buffer[] {
  const places = left.flatMap((one, place) => (theBatch(one).gap === undefined ? [] : [place]));
  const place = places[nth];
  if (place === undefined) throw new Error(`there are only ${places.length} gaps`);
  return left.map((one, at) => (at === place ? withGap(one, change) : one));
}

/** Which sequences are gone of a history: runs from the first up to before the last. */
export function goneRuns(left: readonly Buffer[]): [number, number][] {
  const runs: [number, number][] = [];
  const add = (from: number, end: number) => {
    const last = runs.at(-1);
    if (last?.[1] === from) last[1] = end;
    else runs.push([from, end]);
  };
  for (const slice of left.flatMap((one) => splitSlice(one))) {
    const { gap, commit, run } = slice;
    const { firstSequence } = commit;
    if (gap !== undefined && gap.events > 0) add(firstSequence - gap.events, firstSequence);
    for (const index of goneIndexes(run)) add(firstSequence + index, firstSequence + index + 1);
  }
  return runs;
}

/** Places of a batch whose events are gone. */
export function goneIndexes(run: Buffer): number[] {
  const batch = parseBatch(run);
  return Array.from({ length: batch.count }, (_, index) => index).filter((index) =>
    batch.isGone(index),
  );
}

/** How far what is gone of a history was hashed before a sequence. */
export function goneBefore(left: readonly Buffer[], sequence: number): GoneState {
  const runs = new GoneRuns();
  for (const [from, end] of goneRuns(left)) {
    if (from < sequence) runs.add(from, Math.min(end, sequence));
  }
  return runs.stateAt(sequence);
}
