import { AtedbError } from '../bytes/index.ts';
import { type FoundSurvivors, SurvivorFinder } from '../compact/index.ts';
import { parseBatch, type Snapshot } from '../event/index.ts';
import {
  type ClosedSegment,
  ForgetBatches,
  type LogPlace,
  rewriteSegment,
  type ScannedBatch,
  scanSegmentFile,
} from '../log/index.ts';
import { Authority, checkBatch, floorNone, raiseFloor } from '../trust/index.ts';
import { checkRoom } from './check-room.ts';
import type { CompactionJob, ForgottenCommits, SnapshotToCarryOut } from './compaction-job.ts';

/** What is done under a snapshot, and whom to tell. */
export interface ForgetOptions {
  readonly at: LogPlace;
  readonly closed: readonly ClosedSegment[];
  readonly active: CompactionJob['active'];
  readonly snapshot: SnapshotToCarryOut;
  /** Told how far it is, in bytes of all segments that hold commits of the snapshot; twice as many as these have. Ends it by throwing. */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Rewrite all segments that hold commits that a snapshot is about, without the events and commits that go by it. What goes is found out anew,
 * and has to be what the snapshot says. The files count for nothing until the manifest names them, all of them.
 *
 * @throws AtedbError SNAPSHOT_INVALID where something else goes by the rules than the snapshot says; CHAIN_DAMAGED, DISK_FULL; what
 *   `onProgress` and the storage throw.
 */
export async function forgetCommits(options: ForgetOptions): Promise<ForgottenCommits> {
  const { at, closed, active, snapshot } = options;
  const { size, sequence } = snapshot;
  const concerned = closed.filter(({ firstCommit }) => firstCommit < size);
  const nextOf = (segment: ClosedSegment) => closed[closed.indexOf(segment) + 1] ?? active;
  let doneBytes = 0;
  const replay = new SurvivorReplay();
  for (const segment of concerned) {
    await scanSegmentFile(at, segment, nextOf(segment), (batch) => {
      if (batch.commit.commit < size) replay.add(batch);
      options.onProgress(doneBytes + batch.end);
    });
    doneBytes += segment.bytes;
  }
  const found = replay.finish({ size, root: Buffer.from(snapshot.treeRoot) });
  const said = contentOf(snapshot);
  checkSame(found.content, said, sequence);
  const segments: ClosedSegment[] = [];
  const done = { segments, before: found.endSequence, events: found.goneNow };
  if (found.goneNow === 0) return done;
  const { stays, keepsCommit } = found;
  const forget = new ForgetBatches({ snapshot: sequence, size, stays, keepsCommit });
  for (const segment of concerned) {
    await checkRoom(at.storage, at.folder, segment.bytes);
    const made = await rewriteSegment({
      ...at,
      segment,
      next: nextOf(segment),
      decide: () => undefined,
      forget,
      isWanted: () => true,
      keptBytes: () => 0,
      onProgress: (bytes) => options.onProgress(doneBytes + bytes),
    });
    segments.push(made as ClosedSegment);
    doneBytes += segment.bytes;
  }
  return done;
}

/** Finds what stays, of a log that was checked when it was written. */
class SurvivorReplay {
  readonly #finder = new SurvivorFinder();
  #authority: Authority | undefined;
  #chainKey = '';
  #floor = floorNone;

  add({ run, commit }: ScannedBatch): void {
    const batch = parseBatch(run);
    const { commit: number, firstSequence, timeUnixMs, events } = commit;
    const authority = this.#authority ?? this.#begin(run);
    if (number > 0) {
      authority.decide(batch, { timeUnixMs, firstSequence, chainKey: this.#chainKey });
    }
    const { lastChanges: changes, retention } = authority;
    const of = { commit: number, firstSequence, timeUnixMs };
    this.#finder.add({ batch, ...of, changes });
    const end = { nextSequence: firstSequence + events, timeUnixMs };
    this.#floor = raiseFloor(this.#floor, retention, end);
  }

  finish(head: { readonly size: number; readonly root: Buffer }): FoundSurvivors {
    return this.#finder.finish(head, this.#floor);
  }

  #begin(run: Buffer): Authority {
    // Copied, since what it says is kept.
    const genesis = checkBatch(parseBatch(Buffer.from(run)));
    if (genesis === undefined) throw new Error('a log begins with a genesis');
    this.#chainKey = genesis.chainKey.text;
    this.#authority = Authority.of(genesis);
    return this.#authority;
  }
}

/** What came from another thread: bytes are buffers again. */
function contentOf({ content }: SnapshotToCarryOut): Snapshot {
  const { treeRoot, gone, writersHash } = content;
  return {
    ...content,
    treeRoot: Buffer.from(treeRoot),
    gone: Buffer.from(gone),
    writersHash: Buffer.from(writersHash),
  };
}

function checkSame(is: Snapshot, said: Snapshot, sequence: number): void {
  const isSame =
    is.size === said.size &&
    is.treeRoot.equals(said.treeRoot) &&
    is.events === said.events &&
    is.gone.equals(said.gone) &&
    is.writers === said.writers &&
    is.writersHash.equals(said.writersHash);
  if (isSame) return;
  throw new AtedbError(
    'SNAPSHOT_INVALID',
    `the snapshot at sequence ${sequence} lets other events go than the rules say: it keeps ${said.events} of ${said.writers} writers, and by the rules ${is.events} of ${is.writers} stay. Nothing was dropped; make another snapshot`,
    { metadata: { snapshot: String(sequence) } },
  );
}
