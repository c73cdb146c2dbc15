import { AtedbError } from '../bytes/index.ts';
import { decideBatch, Tally } from '../compact/index.ts';
import { parseBatch } from '../event/index.ts';
import {
  findNewest,
  type LogMending,
  type Manifest,
  type MendedFile,
  rewriteSegment,
  type ScannedBatch,
  type Storage,
} from '../log/index.ts';
import { isBelow, type RetentionFloor } from '../trust/index.ts';

/** Data that may have to go again. */
export interface DropAgain {
  /** Shows the chain as it would be. */
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  /** The manifest before anything was taken. */
  readonly before: Manifest;
  /** The manifest with what was made of it. */
  readonly mended: Manifest;
  readonly made: LogMending;
  /** Whether anything was ever dropped. Else segments were rewritten to erase what redactions name, and what is superseded stays. */
  readonly wasCompacted: boolean;
  /** Numbers of the commits with which writers have written last. */
  readonly lastCommits: ReadonlySet<number>;
  readonly retained: RetentionFloor;
  readonly nowUnixMs: number;
}

/** What was committed since then is not dropped, as in every compaction. */
const horizonMs = 30_000;

/**
 * Drop the data, of what was taken for segments that had been rewritten here, that compaction lets go: what it had dropped can't be known any more, and is not
 * to come back. What was in segments that never were rewritten was all there, and stays.
 *
 * @returns the files that count: those that were made, some of them written once more.
 * @throws what the storage throws.
 */
export async function dropAgain(of: DropAgain): Promise<readonly MendedFile[]> {
  const { before, made } = of;
  const wasRewritten = ({ segment }: MendedFile) =>
    (before.closed.find((one) => one.segment === segment)?.generation ?? 0) > 0;
  if (!made.files.some(wasRewritten)) return made.files;
  const newest = await newestOf(of);
  if (newest === undefined) return made.files;
  const files: MendedFile[] = [];
  for (const file of made.files) {
    const again = wasRewritten(file) ? await rewritten(of, file, newest) : undefined;
    files.push(again ?? file);
  }
  return files.every((file, at) => file === made.files[at]) ? made.files : files;
}

type Newest = Awaited<ReturnType<typeof findNewest>>['segments'];

/** Undefined where the keys can't be had: then the next compaction drops it. */
async function newestOf({ storage, folder, mended, made }: DropAgain): Promise<Newest | undefined> {
  const { chainId, closed } = mended;
  const active = { ...mended.active, durableBytes: made.activeBytes };
  const { signal } = new AbortController();
  try {
    return (await findNewest({ storage, folder, chainId, closed, active }, signal)).segments;
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
    throw error;
  }
}

async function rewritten(
  of: DropAgain,
  { segment: number }: MendedFile,
  newest: Newest,
): Promise<MendedFile | undefined> {
  const { storage, folder, mended, made, wasCompacted, lastCommits, retained, nowUnixMs } = of;
  const found = newest.find(({ segment }) => segment.segment === number);
  if (found === undefined) return undefined;
  const { segment } = found;
  const next = mended.closed.find((one) => one.segment === number + 1) ?? mended.active;
  const spans = made.taken.filter((span) => span.segment === number);
  const isTaken = (commit: number) =>
    spans.some(({ firstCommit, nextCommit }) => commit >= firstCommit && commit < nextCommit);
  const decide = ({ run, commit }: ScannedBatch): Uint8Array | undefined => {
    if (!isTaken(commit.commit)) return undefined;
    const { firstSequence, timeUnixMs, events } = commit;
    const isGone = isBelow(retained, { sequence: retained.sequence, timeUnixMs });
    const place = {
      timeUnixMs,
      horizonUnixMs: nowUnixMs - horizonMs,
      isWritersLast: lastCommits.has(commit.commit),
      expiredCount: isGone ? events : retained.sequence - firstSequence,
      isNewest: (index: number) => {
        if (!wasCompacted) return true;
        const at = firstSequence + index - segment.firstSequence;
        return ((found.newest[at >>> 3] as number) & (1 << (at & 7))) !== 0;
      },
    };
    return decideBatch(parseBatch(run), place, new Tally());
  };
  const isWanted = (bytes: number) => bytes < segment.bytes;
  const { chainId } = mended;
  const at = { storage, folder, chainId, segment, next };
  return rewriteSegment({ ...at, decide, isWanted, keptBytes: () => 0 });
}
