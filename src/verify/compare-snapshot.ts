import { toBinary } from '@bufbuild/protobuf';
import { LogSegmentSchema } from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { splitSlice } from '../event/index.ts';
import type { StoredState } from '../log/index.ts';
import {
  Authority,
  type AuthorityRecord,
  decodeAuthority,
  encodeAuthority,
} from '../trust/index.ts';
import type { WriterState } from './tally.ts';

/** The state that a snapshot should have: as it was before the segment that it is of. */
export interface StateBefore {
  /** The first batch with its commit, as it is stored. */
  readonly genesis: Buffer;
  /** The server's time of the last commit. */
  readonly timeUnixMs: number;
  /** By their ids, in hex. */
  readonly writers: ReadonlyMap<string, WriterState>;
  /** Who may do what; undefined where that isn't known. */
  readonly authority: AuthorityRecord | undefined;
}

/**
 * Compare a snapshot with what the batches before it say. The answers that it keeps for retries aren't looked at.
 *
 * @returns what is wrong with it; undefined for nothing.
 */
export function compareSnapshot(
  { snapshot, authority }: StoredState,
  before: StateBefore,
): string | undefined {
  const { genesis, timeUnixMs, writers } = snapshot;
  const bytes = genesis === undefined ? [] : toBinary(LogSegmentSchema, genesis);
  if (!isSameBatch(before.genesis, Buffer.from(bytes))) {
    return 'its genesis is not that of the chain';
  }
  if (timeUnixMs !== BigInt(before.timeUnixMs)) return 'its time is not that of the last commit';
  if (writers.length !== before.writers.size) {
    return `it knows ${writers.length} writers, and there were ${before.writers.size}`;
  }
  for (const { writerId, ...writer } of writers) {
    const id = Buffer.from(writerId).toString('hex');
    const due = before.writers.get(id);
    const fits =
      due !== undefined &&
      writer.nextCounter === BigInt(due.nextCounter) &&
      writer.lastCommit === BigInt(due.lastCommit) &&
      writer.endSequence === BigInt(due.endSequence) &&
      writer.asOfSize === BigInt(due.asOfSize);
    if (!fits) return `it has the writer ${id} elsewhere than its batches have`;
  }
  if (before.authority === undefined) return undefined;
  if (!isSameAuthority(before.authority, authority)) {
    return 'what it says of who may do what is not what the batches say';
  }
  return undefined;
}

/** Whether what is stored of who may do what is that, in whatever order its objects are. */
function isSameAuthority(due: AuthorityRecord, stored: Buffer | undefined): boolean {
  if (stored === undefined) return false;
  try {
    const held = encodeAuthority(new Authority(decodeAuthority(stored)).record());
    // What is stored twice is one object in memory.
    return held.length === stored.length && held.equals(encodeAuthority(due));
  } catch (error) {
    if (error instanceof AtedbError) return false;
    throw error;
  }
}

/** Whether two stored batches are the same but for the storage fields of their commits, which a rewriting makes anew. */
function isSameBatch(one: Buffer, other: Buffer): boolean {
  try {
    const [first, ...others] = splitSlice(other);
    const [due] = splitSlice(one);
    if (first === undefined || due === undefined || others.length > 0) return false;
    return first.run.equals(due.run) && first.commit.headerBytes.equals(due.commit.headerBytes);
  } catch (error) {
    if (error instanceof AtedbError) return false;
    throw error;
  }
}
