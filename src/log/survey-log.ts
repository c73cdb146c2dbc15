import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { commitCrcFits } from '../event/index.ts';
import { countLost } from './count-lost.ts';
import { damageError } from './damage.ts';
import { readWhole, withFile } from './durable-files.ts';
import { holdsBatches } from './holds-batches.ts';
import { manifestName, segmentName, tilesName } from './layout.ts';
import { recordBytesMax } from './log-limits.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import type { ChainPlace, ScannedBatch } from './scan-segment.ts';
import { SegmentFiles } from './segment-files.ts';
import { encodeSegmentHeader, headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import { isBatch, SegmentWindow } from './segment-window.ts';
import type { Storage } from './storage.ts';
import type { LogDamage, LogSurvey, SoundSegment } from './survey.ts';
import { DerivedSurvey } from './survey-derived.ts';
import { GapsSurvey } from './survey-gaps.ts';
import { surveySegment } from './survey-segment.ts';

/** What to survey. */
export interface SurveyOptions {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  /** The chain id that follows from the first batch's run. @throws AtedbError for what is no genesis. */
  readonly identify: (run: Buffer) => Buffer;
  /**
   * Is told of each sound batch, in order, and of the segment that it is in and its file's name. Where it returns a promise, that
   * is waited for.
   */
  readonly onBatch?: (
    batch: ScannedBatch,
    of: { readonly segment: number; readonly file: string },
  ) => void | Promise<void>;
}

/**
 * Read all files of a chain, and find how far it is sound: from its first batch on, each one following from those before
 * it. Nothing is written. What a server is writing there looks torn; and where one ends a segment meanwhile, that may look
 * damaged: see `logMark`.
 *
 * Checked is what recovery checks, of all segments. Signatures and events aren't: they are for readers.
 *
 * @throws AtedbError CHAIN_DAMAGED where not even the first batch can be used; FORMAT_TOO_NEW.
 */
export async function surveyLog(options: SurveyOptions): Promise<LogSurvey> {
  const { storage, folder } = options;
  const files = await listFiles(storage, folder);
  const said = await readManifest(storage, folder).catch(() => undefined);
  const chainId = await findChainId(options, new SegmentFiles(files, said));
  const damages: LogDamage[] = [];
  const manifest = await surveyManifest(storage, folder, { chainId, damages });
  const segments = new SegmentFiles(files, manifest);
  const { numbers } = segments;
  const last = await lastDue(storage, folder, { manifest, numbers });

  const derived = new DerivedSurvey({ storage, folder, chainId, files });
  const gaps = new GapsSurvey();
  const sound: SoundSegment[] = [];
  let place: ChainPlace = { commit: 0, sequence: 0, timeUnixMs: 0, frontier: new Frontier() };
  let tornBytes = 0;
  for (let segment = 0; segment <= last; segment += 1) {
    const generation = segments.generationOf(segment);
    const name = segmentName(segment, generation);
    if (manifest !== undefined && segment > manifest.active.segment) damages.push(unlisted(name));
    if (!files.has(name)) {
      damages.push({
        file: name,
        offset: 0,
        kind: 'missing',
        what: 'it is gone',
        losesEvents: true,
      });
      break;
    }
    const before = place;
    const of = {
      chainId,
      segment,
      generation,
      place: before,
      previousSha256: sound.at(-1)?.closed?.originalSha256,
      ...(await namesOf(storage, folder, { segment, generation, manifest, segments })),
      isLast: segment === last,
      onBatch: (batch: ScannedBatch) => {
        const told = () => options.onBatch?.(batch, { segment, file: name });
        gaps.onBatch(batch);
        const noted = derived.onBatch(batch);
        return noted === undefined ? told() : noted.then(told);
      },
    };
    const found = await withFile(storage, join(folder, name), 'read', (file) =>
      surveySegment({ ...of, file }),
    );
    damages.push(...found.damages);
    if (found.sound === undefined) break;
    sound.push(found.sound);
    place = found.place;
    tornBytes = found.tornBytes;
    if (!found.isClosed) break;
    await derived.onClosed(found.sound, place);
  }
  const active = sound.at(-1);
  if (active === undefined) throw beyondRepair(damages);
  damages.push(...shaDamages(sound, manifest));
  damages.push(...(await derived.finish(active)));
  const beyond = numbers
    .filter((number) => number > active.segment && number <= last)
    .map((segment) => ({ segment, generation: segments.generationOf(segment) }));
  const isWhole = !damages.some(({ losesEvents }) => losesEvents);
  const lost = isWhole
    ? undefined
    : await countLost({ storage, folder, chainId, sound, beyond, place, manifest });
  return {
    chainId,
    damages,
    sound,
    place,
    manifest,
    forgotten: gaps.found,
    beyond,
    files,
    derived: derived.wrong,
    lostHashes: derived.lostHashes,
    notes: derived.notes,
    tornBytes,
    lost,
  };
}

async function listFiles(storage: Storage, folder: string): Promise<Set<string>> {
  const files = new Set<string>();
  for (const { name, isFolder } of await storage.list(folder)) {
    if (!isFolder) files.add(name);
    else if (name === tilesName) {
      for (const tile of await storage.list(join(folder, name))) {
        if (!tile.isFolder) files.add(`${name}/${tile.name}`);
      }
    }
  }
  return files;
}

/** The chain's id follows from its first batch, so that nothing that is damaged needs to be believed. */
async function findChainId(
  { storage, folder, identify }: SurveyOptions,
  segments: SegmentFiles,
): Promise<Buffer> {
  const generation = segments.generationOf(0);
  const name = segmentName(0, generation);
  if (!segments.has(0)) throw beyondRepair([{ file: name, offset: 0, what: 'it is gone' }]);
  // A first header is as long whatever the chain is.
  const start = encodeSegmentHeader({
    chainId: Buffer.alloc(32),
    segment: 0,
    firstCommit: 0,
    firstSequence: 0,
    frontier: [],
    previousSha256: undefined,
    rewritten: generation === 0 ? undefined : { generation, originalSha256: Buffer.alloc(32) },
  }).length;
  return withFile(storage, join(folder, name), 'read', async (file) => {
    const fileBytes = await file.size();
    if (fileBytes <= start) {
      throw beyondRepair([{ file: name, offset: fileBytes, what: 'it is cut short' }]);
    }
    const found = await new SegmentWindow(file, fileBytes).batchAt(start);
    const what = !isBatch(found)
      ? found.what
      : commitCrcFits(found.stored)
        ? undefined
        : 'a checksum does not fit';
    if (what !== undefined || !isBatch(found)) {
      throw beyondRepair([{ file: name, offset: start, what: what ?? 'it is cut short' }]);
    }
    try {
      return identify(found.stored.subarray(found.frame.runStart, found.frame.runEnd));
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      throw beyondRepair([{ file: name, offset: start, what: error.message }]);
    }
  });
}

/** The manifest as it stands there. Rejects where it can't be read. */
async function readManifest(storage: Storage, folder: string): Promise<Manifest | undefined> {
  const bytes = await readWhole(storage, join(folder, manifestName));
  return bytes && parseManifest(bytes);
}

async function surveyManifest(
  storage: Storage,
  folder: string,
  { chainId, damages }: { chainId: Buffer; damages: LogDamage[] },
): Promise<Manifest | undefined> {
  const add = (kind: LogDamage['kind'], what: string) => {
    const doubt = 'whether there had been later segments, nothing else says';
    const full = kind === 'corrupt' || kind === 'missing' ? `${what}; ${doubt}` : what;
    damages.push({ file: manifestName, offset: 0, kind, what: full, losesEvents: false });
    return undefined;
  };
  const path = join(folder, manifestName);
  const size = (await storage.stat(path))?.bytes ?? 0;
  if (size > recordBytesMax) return add('corrupt', `it has ${size} bytes, which no manifest has`);
  const bytes = await readWhole(storage, path);
  if (bytes === undefined) return add('missing', 'it is gone');
  try {
    const manifest = parseManifest(bytes);
    return manifest.chainId.equals(chainId) ? manifest : add('misplaced', 'it is of another chain');
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    return add('corrupt', error.message.replace(/^.* is damaged at offset 0: /, ''));
  }
}

/** The last segment that there should be: the manifest's active one, or one behind it that holds batches. */
async function lastDue(
  storage: Storage,
  folder: string,
  { manifest, numbers }: { manifest: Manifest | undefined; numbers: readonly number[] },
): Promise<number> {
  if (manifest === undefined) return numbers.at(-1) ?? 0;
  let last = manifest.active.segment;
  for (const number of numbers) {
    if (number > last && (await holdsBatches(storage, folder, { segment: number, after: last })))
      last = number;
  }
  return last;
}

/** What is said elsewhere of the SHA-256 of a segment's file, and of the one that it was rewritten from. */
async function namesOf(
  storage: Storage,
  folder: string,
  of: {
    segment: number;
    generation: number;
    manifest: Manifest | undefined;
    segments: SegmentFiles;
  },
): Promise<{ namedSha256: Buffer[]; namedOriginal: Buffer | undefined }> {
  const listed = of.manifest?.closed[of.segment];
  const isRewritten = of.generation > 0;
  const names = listed?.generation === of.generation ? [listed.sha256] : [];
  const next = of.segment + 1;
  const named = of.segments.has(next)
    ? await previousIn(storage, folder, of.segments, next)
    : undefined;
  if (named !== undefined && !isRewritten) names.push(named);
  // The segment behind it can't have been made for it, as the manifest can.
  const namedOriginal = isRewritten ? (named ?? listed?.originalSha256) : undefined;
  return { namedSha256: names, namedOriginal };
}

/** What the header of a segment says of the file before it; undefined where it can't be read. */
async function previousIn(
  storage: Storage,
  folder: string,
  segments: SegmentFiles,
  segment: number,
): Promise<Buffer | undefined> {
  const generation = segments.generationOf(segment);
  const path = join(folder, segmentName(segment, generation));
  const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
  try {
    return parseSegmentHeader(start, segment, generation).header.previousSha256;
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    return undefined;
  }
}

/** Segments that follow from what is before them, and are not those that the manifest means. */
function shaDamages(sound: readonly SoundSegment[], manifest: Manifest | undefined): LogDamage[] {
  return sound.flatMap(({ segment, generation, closed }) => {
    const listed = manifest?.closed[segment];
    if (closed === undefined || listed === undefined || listed.sha256.equals(closed.sha256))
      return [];
    const what = 'it is whole, and not the file whose SHA-256 the manifest has';
    const file = segmentName(segment, generation);
    return [{ file, offset: 0, kind: 'misplaced', what, losesEvents: false }];
  });
}

function unlisted(file: string): LogDamage {
  const what = 'it holds batches, and the manifest does not name it: that is older than the log';
  return { file, offset: 0, kind: 'unlisted', what, losesEvents: false };
}

/** Without its first batch nothing says what a chain is. */
function beyondRepair(
  damages: readonly { file: string; offset: number; what: string }[],
): AtedbError {
  const [first = { file: segmentName(0), offset: 0, what: 'it can not be read' }] = damages;
  const error = damageError(first);
  return new AtedbError(
    'CHAIN_DAMAGED',
    `${error.message}. The chain can't be repaired, as its first batch, which says whose it is, can't be read: restore it from a backup`,
    { metadata: { ...error.metadata } },
  );
}
