import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { type Batch, dataStates, parseBatch, type TreeHead } from '../event/index.ts';
import {
  applyRepair,
  type BatchSource,
  encodeManifest,
  LayeredStorage,
  type LogMending,
  loadManifest,
  type Manifest,
  type MendedBatch,
  type MendedFile,
  manifestName,
  mendingName,
  mendLog,
  type RepairStep,
  readError,
  removeFolder,
  replaceFile,
  rewriteRun,
  type SetAside,
  type Storage,
  segmentName,
  type TakenSpan,
  writeErasures,
} from '../log/index.ts';
import type { RetentionFloor } from '../trust/index.ts';
import { checkRoom } from './check-room.ts';
import { dropAgain } from './drop-again.ts';
import { ErasurePlan, type PlacedRedaction, redactionsIn } from './erasing.ts';

/** What a chain is mended from, and how. */
export interface MendingOptions {
  readonly source: BatchSource;
  /** Heads of the chain that the operator is certain of. */
  readonly heads: readonly TreeHead[];
  /** Whether to do it, or only to tell. */
  readonly apply: boolean;
  /** Files that are about to be put in the place of damaged ones, by name, as absolute paths. */
  readonly instead: ReadonlyMap<string, string>;
  /** Verify the whole chain as a storage shows its folder, as readers will. */
  readonly verify: (shown: Storage) => Promise<VerifiedChain>;
  /** Now, in milliseconds since 1970-01-01 UTC. */
  readonly nowUnixMs: number;
}

/** What a verification has found. */
export interface VerifiedChain {
  /** What doesn't verify, in words; undefined: nothing. */
  readonly violation: string | undefined;
  /** What the chain's rules for retention have let go. */
  readonly retained: RetentionFloor;
}

/** What of a chain was taken from others, or could be. */
export interface ChainMending extends Pick<LogMending, 'missing' | 'unprovenCommits'> {
  readonly taken: readonly TakenSpan[];
  /** Whether it was done, and not only looked at. */
  readonly isDone: boolean;
  /** Undefined where nothing was done, or nothing had to be set aside. */
  readonly setAside: SetAside | undefined;
}

/** What the batches say by the way. */
class Gathered {
  /** Of what is left of the chain here compaction, or a rule for retention, has let some data go. */
  hasDropped = false;
  readonly #redactions: { readonly commit: number; readonly placed: PlacedRedaction }[] = [];
  /** The number of each writer's last commit. */
  readonly #last = new Map<string, number>();

  add({ run, commit, isTaken }: MendedBatch): void {
    const batch = parseBatch(run);
    for (const placed of redactionsIn(batch, commit.firstSequence)) {
      this.#redactions.push({ commit: commit.commit, placed });
    }
    this.#last.set(batch.seal.writerId.toString('latin1'), commit.commit);
    if (!isTaken) this.hasDropped ||= hasDropped(batch);
  }

  /** What others have behind the last batch that is proven erases nothing. */
  redactionsBefore(commit: number): PlacedRedaction[] {
    return this.#redactions.filter((one) => one.commit < commit).map(({ placed }) => placed);
  }

  get lastCommits(): ReadonlySet<number> {
    return new Set(this.#last.values());
  }
}

function hasDropped(batch: Batch): boolean {
  for (let index = 0; index < batch.count; index += 1) {
    const state = batch.dataStateOf(index);
    if (state === dataStates.dropped || state === dataStates.expired) return true;
  }
  return false;
}

/**
 * Take the batches of a chain that are damaged or gone from somebody who is not believed: what is left here proves them (`mendLog`), and the
 * whole chain is verified as it would be before anything of it counts. What is here stays; of what is taken, data that was erased here
 * doesn't come back, nor what compaction had dropped here. Nothing happens unless nothing is missing then. The caller holds the lock of
 * the logs path.
 *
 * Until the last step is durable the chain is what it was; where it is interrupted, it is repeated.
 *
 * @throws AtedbError VERIFICATION_FAILED where what the others have is another history, or isn't allowed by this one; CHAIN_DAMAGED where
 *   nothing says which segments there had been; STORAGE_FAILED; what the source throws.
 */
export async function mendChain(
  storage: Storage,
  folder: string,
  options: MendingOptions,
): Promise<ChainMending> {
  try {
    return await mend(storage, folder, options);
  } catch (error) {
    throw readError('mending the chain', error);
  }
}

async function mend(
  storage: Storage,
  folder: string,
  options: MendingOptions,
): Promise<ChainMending> {
  const { source, heads, instead, apply } = options;
  const { manifest, trouble } = await loadManifest(storage, folder);
  const gathered = new Gathered();
  // Where the manifest is lost nothing but the batches says what is gone, and the verification of all of them finds what doesn't fit.
  const snapshot = trouble === undefined ? manifest.forgotten?.snapshot : ('unknown' as const);
  const log = { storage, folder, manifest, source, heads, instead, snapshot };
  const found = await mendLog({ ...log, onBatch: (batch) => gathered.add(batch) });
  const { taken, missing, unprovenCommits } = found;
  const report = { taken, missing, unprovenCommits, isDone: false, setAside: undefined };
  if (!apply || taken.length === 0 || missing !== undefined) return report;

  // The files that are made, and then put in their places.
  await checkRoom(storage, folder, 2 * (bytesOf(manifest, taken) + found.takenBytes));
  const changes = join(folder, mendingName);
  await makeEmpty(storage, folder, changes);
  const shown = new LayeredStorage({ storage, folder, changes });
  try {
    const redactions = gathered.redactionsBefore(found.endCommit);
    const written = new Gathered();
    const made = await mendLog({
      ...{ ...log, onBatch: (batch) => written.add(batch) },
      write: { to: shown, found, rewrite: rewriteTaken(redactions) },
    });
    const first = replaced(manifest, made.files);
    const { retained } = await verified(shown, folder, { manifest: first, options });
    const files = await dropAgain({
      ...{ storage: shown, folder, before: manifest, mended: first, made },
      ...{ wasCompacted: gathered.hasDropped, lastCommits: written.lastCommits },
      ...{ retained, nowUnixMs: options.nowUnixMs },
    });
    const last = replaced(manifest, files);
    if (files !== made.files) await verified(shown, folder, { manifest: last, options });
    // A redaction among what was taken may not have been carried out by who gave it.
    if (redactions.length > 0) {
      const all = { doneBefore: 0, isPending: true };
      await writeErasures({ storage, folder }, manifest.chainId, all);
    }
    const steps = await stepsOf({ storage, folder, changes, manifest, files });
    const hasManifest = trouble === undefined;
    const switching: RepairStep[] = hasManifest
      ? [
          { kind: 'copy-aside', file: manifestName },
          { kind: 'write-manifest', manifest: last },
        ]
      : [];
    const setAside = await applyRepair(storage, folder, [...steps, ...switching]);
    return { ...report, isDone: true, setAside };
  } finally {
    await removeFolder(storage, changes);
  }
}

/** Of the segments that are made anew; the active one's are few. */
function bytesOf({ closed }: Manifest, taken: readonly TakenSpan[]): number {
  const made = closed.filter((one) => taken.some(({ segment }) => segment === one.segment));
  return made.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function makeEmpty(storage: Storage, folder: string, changes: string): Promise<void> {
  // Of a mending that was interrupted.
  if ((await storage.stat(changes)) !== undefined) await removeFolder(storage, changes);
  await storage.makeFolder(changes);
  await storage.syncFolder(folder);
}

/** Leaves out of what is taken what redactions name. */
function rewriteTaken(redactions: readonly PlacedRedaction[]) {
  const plan = new ErasurePlan(redactions);
  return ({ run, commit }: MendedBatch): Buffer => {
    const erased = plan.of(parseBatch(run), commit.firstSequence);
    if (erased === undefined) return run;
    return rewriteRun(run, erased.fates, (event) => erased.redactions[event] ?? 0);
  };
}

/** The manifest with other files of closed segments. */
function replaced(manifest: Manifest, files: readonly MendedFile[]): Manifest {
  const bySegment = new Map(files.map((file) => [file.segment, file]));
  const closed = manifest.closed.map((one) => ({ ...one, ...bySegment.get(one.segment) }));
  return { ...manifest, closed };
}

/** Verify a chain as it would be. @throws AtedbError VERIFICATION_FAILED. */
async function verified(
  shown: Storage,
  folder: string,
  { manifest, options }: { readonly manifest: Manifest; readonly options: MendingOptions },
): Promise<VerifiedChain> {
  await replaceFile(shown, join(folder, manifestName), encodeManifest(manifest));
  const found = await options.verify(shown);
  const { violation } = found;
  if (violation === undefined) return found;
  const { forgotten } = manifest;
  const advice =
    forgotten === undefined
      ? ''
      : `. Whoever it is taken from must have let go what went here, under the snapshot at sequence ${forgotten.snapshot}, and no more: atedb compact does it there`;
  throw new AtedbError(
    'VERIFICATION_FAILED',
    `with what the others have the chain would not verify: ${violation}. Nothing of it was taken${advice}`,
  );
}

/** Put the new files in their places; what they take the place of is set aside. */
async function stepsOf(of: {
  readonly storage: Storage;
  readonly folder: string;
  readonly changes: string;
  readonly manifest: Manifest;
  readonly files: readonly MendedFile[];
}): Promise<RepairStep[]> {
  const { storage, folder, changes, manifest, files } = of;
  const steps: RepairStep[] = [];
  const isThere = async (file: string) => (await storage.stat(join(folder, file))) !== undefined;
  for (const { segment, generation, bytes, sha256 } of files) {
    const file = segmentName(segment, generation);
    const old = manifest.closed.find((one) => one.segment === segment);
    const oldFile = segmentName(segment, old?.generation);
    if (oldFile !== file && (await isThere(oldFile))) {
      steps.push({ kind: 'copy-aside', file: oldFile });
    }
    const from = join(changes, file);
    const is = oldFile === file && (await isThere(file));
    steps.push({ kind: 'restore-segment', file, from, bytes, sha256, isThere: is });
  }
  return steps;
}
