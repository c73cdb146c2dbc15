import type { Frontier } from '../crypto/index.ts';
import { commitLeaf, encodeCommit } from '../event/index.ts';

/** A batch that waits to be written. */
export interface QueuedBatch {
  readonly run: Buffer;
  /** Its sealed commit header. */
  readonly commitHeader: Buffer;
}

/** What a group commit writes, in pieces. */
export interface ComposedGroup {
  /** The run and the commit of each batch, in turn. */
  readonly pieces: readonly Buffer[];
  /** Size of all pieces. */
  readonly bytes: number;
  /** Offset in the file at which each batch ends. */
  readonly ends: readonly number[];
  /** Leaf of each commit. */
  readonly leaves: readonly Buffer[];
  /** Root of the tree with all of them. */
  readonly root: Buffer;
}

/** At most what a commit takes beside its header: tags, lengths, root and storage fields. */
export const commitOverheadBytes = 58;

/**
 * Compose a group: each batch as it came, and its commit. The last commit carries the root of the tree.
 *
 * @param frontier of the tree before; grows by the group's leaves.
 * @param offset in the file at which the group will be. Everything below it is durable.
 */
export function composeGroup(
  batches: readonly QueuedBatch[],
  frontier: Frontier,
  offset: number,
): ComposedGroup {
  const pieces: Buffer[] = [];
  const ends: number[] = [];
  const leaves: Buffer[] = [];
  let end = offset;
  let root: Buffer | undefined;
  for (const { run, commitHeader } of batches) {
    const leaf = commitLeaf(commitHeader);
    leaves.push(leaf);
    frontier.append(leaf);
    if (leaves.length === batches.length) root = frontier.root();
    const commit = encodeCommit({
      run,
      header: commitHeader,
      treeRoot: root,
      durableOffset: offset,
    });
    pieces.push(run, commit);
    end += run.length + commit.length;
    ends.push(end);
  }
  return { pieces, bytes: end - offset, ends, leaves, root: root ?? frontier.root() };
}
