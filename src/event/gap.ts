import { AtedbError, checkStrict, FieldCursor, FieldWriter, frame } from '../bytes/index.ts';
import { subtreeLevels } from '../crypto/index.ts';

import { type GoneState, goneHashNone } from './snapshot.ts';
import { gapForm } from './snapshot-forms.ts';

/** The field that a gap is of a LogSegment. */
export const gapField = 5;

const hashBytes = 32;

/** What stands before a batch of which something is gone, or before which commits are; see `atedb.v1.Gap`. */
export interface Gap {
  /** How many commits are gone, right before the batch. */
  readonly commits: number;
  /** How many events these had. */
  readonly events: number;
  /** Of the perfect subtrees of the tree that they make up, in order; 32 bytes each. */
  readonly hashes: readonly Buffer[];
  /** Sequence of the snapshot under which they are. */
  readonly snapshot: number;
  /** Its size, in commits. */
  readonly size: number;
  /** What is gone before it. */
  readonly before: GoneState;
}

/** Serialise a gap with its tag and length, to be stored right before its batch. */
export function encodeGap(gap: Gap): Buffer {
  const { last, from } = gap.before;
  const before = last?.before ?? goneHashNone;
  const body = new FieldWriter()
    .varint(1, gap.commits)
    .varint(2, gap.events)
    .bytes(3, gap.hashes.length === 0 ? undefined : Buffer.concat([...gap.hashes]))
    .varint(4, gap.snapshot)
    .varint(5, gap.size)
    .bytes(6, before.equals(goneHashNone) ? undefined : before)
    .varint(7, from ?? 0)
    .varint(8, last?.first ?? 0)
    .varint(9, last?.end ?? 0)
    .finish();
  return frame(gapField, body);
}

/**
 * Take a Gap message apart, without its tag and length. Whether its hashes are as many as its place wants is `subtreesOfGap`'s to say.
 *
 * @throws AtedbError NON_CANONICAL.
 */
export function parseGap(bytes: Buffer): Gap {
  checkStrict(gapForm, bytes);
  const cursor = new FieldCursor(bytes);
  const numbers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  let all = Buffer.alloc(0) as Buffer;
  let hash: Buffer = goneHashNone;
  while (cursor.next()) {
    if (cursor.field === 3) all = cursor.bytesValue();
    else if (cursor.field === 6) hash = Buffer.from(cursor.bytesValue());
    else numbers[cursor.field] = cursor.value;
  }
  const [, commits = 0, events = 0, , snapshot = 0, size = 0, , from = 0, first = 0, end = 0] =
    numbers;
  // Each commit has an event; and what it counts together has to be a number still.
  const fits = commits <= events && (commits === 0) === (events === 0) && snapshot >= size;
  if (!fits || all.length % hashBytes !== 0 || commits > 0 !== all.length > 0) {
    throw new AtedbError('NON_CANONICAL', 'a gap counts commits, events or hashes that it has not');
  }
  const isRun = first < end && (from === 0 || end < from);
  if (!isRun && (first > 0 || end > 0 || !hash.equals(goneHashNone))) {
    throw new AtedbError(
      'NON_CANONICAL',
      `a gap says that a run of events from ${first} up to ${end} is gone before it, and one from ${from} on: a run has an event, and none goes on in the next`,
    );
  }
  const hashes = [];
  for (let at = 0; at < all.length; at += hashBytes) hashes.push(all.subarray(at, at + hashBytes));
  const last = isRun ? { before: hash, first, end } : undefined;
  const before = { last, from: from === 0 ? undefined : from };
  return { commits, events, hashes, snapshot, size, before };
}

/**
 * The subtrees that a gap stands for, by its place.
 *
 * @param firstCommit number of the first commit that is gone.
 * @throws AtedbError NON_CANONICAL where it has not as many hashes as these commits take.
 */
export function subtreesOfGap(
  { commits, hashes }: Gap,
  firstCommit: number,
): { readonly hash: Buffer; readonly level: number }[] {
  const levels = subtreeLevels(firstCommit, firstCommit + commits);
  if (levels.length !== hashes.length) {
    throw new AtedbError(
      'NON_CANONICAL',
      `a gap of ${commits} commits from ${firstCommit} on has ${hashes.length} hashes, and ${levels.length} stand for them`,
    );
  }
  return levels.map((level, at) => ({ level, hash: hashes[at] as Buffer }));
}
