import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { onTestFinished } from 'vitest';
import { StateSnapshotSchema } from '../../gen/atedb/v1/log_pb.js';
import { frame } from '../../src/bytes/index.ts';
import { sha256 } from '../../src/crypto/index.ts';
import { type CommitView, splitSlice } from '../../src/event/index.ts';
import { ChainLog, type ChainLogOptions, RealStorage } from '../../src/log/index.ts';
import { MemoryStorage } from '../../src/log/memory-storage.ts';

// What the tests of the log share: folders that go away, runs that are framed as batches are, and a log that is opened
// with an owner who only counts.

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atedb-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A disk in memory with an empty logs path. */
export async function emptyDisk(logsPath: string): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.makeFolder(logsPath);
  await storage.syncFolder('/');
  return storage;
}

/** A batch of a test: framed as one, with content that only the framing is looked at. */
export interface TestBatch {
  readonly run: Buffer;
  readonly events: number;
  readonly sealHash: Buffer;
  readonly timeUnixMs: number;
}

let batchesMade = 0;

/** A batch with events of these sizes, unlike any other. */
export function makeBatch(eventBytes: readonly number[], timeUnixMs: number): TestBatch {
  batchesMade += 1;
  const mark = sha256(Buffer.from(String(batchesMade)));
  const frames = eventBytes.map((bytes, index) => {
    const content = Buffer.alloc(bytes, mark[index % 32]);
    return frame(1, frame(2, content));
  });
  const run = Buffer.concat([...frames, frame(2, frame(1, mark))]);
  return { run, events: eventBytes.length, sealHash: sha256(run), timeUnixMs };
}

/** What a log is opened with in tests, and what it told its owner. */
export interface TestOwner {
  readonly options: ChainLogOptions;
  readonly notices: string[];
  /** Commits that were handed over on opening. */
  readonly handed: CommitView[];
  /** Commits that the snapshot stood for. */
  snapshotCommits: number;
}

/** An owner of the log in a folder; its snapshots hold nothing. */
export function testOwner(logsPath: string, changes: Partial<ChainLogOptions> = {}): TestOwner {
  const notices: string[] = [];
  return {
    notices,
    handed: [],
    snapshotCommits: 0,
    options: {
      storage: new RealStorage(),
      logsPath,
      folder: join(logsPath, 'example.com', 'me', 'test.chain'),
      takeSnapshot: () => ({ snapshot: create(StateSnapshotSchema) }),
      onNotice: (notice) => notices.push(notice),
      ...changes,
    },
  };
}

/** The chain id of all test logs. */
export const testChainId: Buffer = Buffer.alloc(32, 0xc1);

export function createLog(owner: TestOwner): Promise<ChainLog> {
  return ChainLog.create({ ...owner.options, chainId: testChainId });
}

export function openLog(
  owner: TestOwner,
  suspects: readonly number[] = [],
): Promise<ChainLog | null> {
  return ChainLog.open({
    ...owner.options,
    suspects,
    onSnapshot: ({ snapshot }) => {
      owner.snapshotCommits = Number(snapshot.nextCommit);
    },
    onBatch: (run, commit) => {
      if (run.length !== commit.batchBytes)
        throw new Error('a run has another size than its commit says');
      owner.handed.push(commit);
    },
  });
}

/** As `openLog`, for a log that is there. */
export async function reopenLog(
  owner: TestOwner,
  suspects: readonly number[] = [],
): Promise<ChainLog> {
  const log = await openLog(owner, suspects);
  if (log === null) throw new Error('there is no log');
  return log;
}

/** Append batches and wait until they are durable. */
export async function appendAll(log: ChainLog, batches: readonly TestBatch[]): Promise<void> {
  await Promise.all(batches.map((batch) => log.append(batch.run, batch).durable));
}

/** All batches of a log, read in slices from its start. */
export async function readAll(log: ChainLog, bytesMax = 4096): Promise<ReadBatch[]> {
  const batches: ReadBatch[] = [];
  let position = log.startPosition();
  for (;;) {
    const { bytes, next } = await log.readSlice(position, { bytesMax });
    if (bytes.length === 0) return batches;
    batches.push(...splitSlice(bytes));
    position = next;
  }
}

/** A batch as it was read back. */
export interface ReadBatch {
  readonly run: Buffer;
  readonly commit: CommitView;
}

/** Whether batches that were read are those that were appended, in order, from the first on. */
export function sameBatches(read: readonly ReadBatch[], appended: readonly TestBatch[]): boolean {
  return (
    read.length === appended.length &&
    read.every(({ run, commit }, place) => {
      const batch = appended[place];
      return (
        batch !== undefined &&
        commit.commit === place &&
        run.equals(batch.run) &&
        commit.sealHash.equals(batch.sealHash) &&
        commit.timeUnixMs === batch.timeUnixMs
      );
    })
  );
}
