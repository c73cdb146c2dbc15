import { encodeCommit, encodeCommitHeader } from '../../src/event/index.ts';
import { committedMessage } from '../../src/server/methods/messages.ts';
import type { SealedBatch } from './sealed-writer.ts';

/** Bytes that the server writes for a batch that is alone in its group: the run, and its commit. */
export function storedBytes(batch: SealedBatch): number {
  const header = commitHeader(batch);
  const { run, sealHash } = batch;
  const commit = encodeCommit({ run, header, treeRoot: sealHash, durableOffset: 1_000_000 });
  return run.length + commit.length;
}

/** Bytes of the server's answer to a batch. */
export function answerBytes(batch: SealedBatch): number {
  const head = { size: 1_000, root: batch.sealHash };
  return committedMessage(batch.sealHash, commitHeader(batch), head).length;
}

function commitHeader({ sealHash }: SealedBatch): Buffer {
  return encodeCommitHeader({
    commit: 1_000,
    firstSequence: 1_000,
    events: 100,
    timeUnixMs: Date.now(),
    sealHash,
  });
}
