import { snapshotAgeMsMin } from '../bytes/index.ts';
import { type Batch, parseBatch, type Snapshot } from '../event/index.ts';
import type { ChainLog } from '../log/index.ts';
import { type ChainState, snapshotInvalid } from '../trust/index.ts';
import type { SnapshotToCarryOut } from './compaction-job.ts';

/** What a batch says may be gone, where it is a snapshot. */
export function snapshotIn(batch: Batch): Snapshot | undefined {
  return batch.kindOf(0) === 'snapshot' ? batch.authorityOf(0).snapshot : undefined;
}

/**
 * Check what only who has the whole log can check of a snapshot: that it is about this history, and about commits that are old enough.
 *
 * @param than.timeUnixMs that its commit will have at the earliest.
 * @param than.horizon size of the chain's newest snapshot; 0 for none.
 * @throws AtedbError SNAPSHOT_INVALID; as `ChainLog.readCommit`.
 */
export async function checkSnapshot(
  { size, treeRoot }: Snapshot,
  log: ChainLog,
  { timeUnixMs, horizon }: { readonly timeUnixMs: number; readonly horizon: number },
): Promise<void> {
  // It is refused for that, in its turn.
  if (size <= horizon) return;
  if (size > log.durable.head.size) {
    throw snapshotInvalid(
      `the chain has ${log.durable.head.size} commits, and it is about ${size}`,
      size,
    );
  }
  if (!(await log.tree.rootAt(size)).equals(treeRoot)) {
    throw snapshotInvalid(
      `the chain never had a head of ${size} commits with the root ${treeRoot.toString('hex')}`,
      size,
    );
  }
  const { commit } = await log.readCommit(size - 1);
  if (commit.timeUnixMs + snapshotAgeMsMin <= timeUnixMs) return;
  const youngest = new Date(commit.timeUnixMs).toISOString();
  throw snapshotInvalid(
    `its youngest commit is of ${youngest}, and it may be about commits only that are 7 days old or older`,
    size,
  );
}

/**
 * The newest snapshot of a chain, once it is durable: a power cut could take it back, and not what goes by it.
 *
 * @param settled resolves when all that has its place now is durable.
 * @throws as `settled`, `ChainLog.readCommit`.
 */
export async function dueSnapshot(
  { authority }: ChainState,
  log: ChainLog,
  settled: () => Promise<void>,
): Promise<SnapshotToCarryOut | undefined> {
  const { record } = authority.horizon;
  if (record === undefined) return undefined;
  await settled();
  const { sequence, size } = record;
  const { run } = await log.readCommit((await log.positionOfSequence(sequence)).commit);
  const content = snapshotIn(parseBatch(Buffer.from(run)));
  // What came in its place, where it was taken back.
  if (content?.size !== size) return undefined;
  return { sequence, size, treeRoot: await log.tree.rootAt(size), content };
}
