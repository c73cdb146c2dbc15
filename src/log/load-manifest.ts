import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { damageError } from './damage.ts';
import { hashOfFile, readWhole, withFile } from './durable-files.ts';
import { manifestName, segmentName } from './layout.ts';
import { type ClosedSegment, type Manifest, parseManifest } from './manifest.ts';
import { SegmentFiles } from './segment-files.ts';
import { headerBytesMax, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { Storage } from './storage.ts';

/** A manifest, and what is wrong if it had to be guessed. */
export interface LoadedManifest {
  readonly manifest: Manifest;
  readonly trouble: string | undefined;
}

/**
 * Read a chain folder's manifest. Where it is missing or damaged, the segments say what must have been in it: good
 * enough to read by, not to write by.
 *
 * @throws AtedbError FORMAT_TOO_NEW; CHAIN_DAMAGED where the segments don't say it either.
 */
export async function loadManifest(storage: Storage, folder: string): Promise<LoadedManifest> {
  try {
    const bytes = await readWhole(storage, join(folder, manifestName));
    if (bytes === undefined) {
      throw damageError({ file: manifestName, offset: 0, what: 'it is gone' });
    }
    return { manifest: parseManifest(bytes), trouble: undefined };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    return { manifest: await guessManifest(storage, folder, error), trouble: error.message };
  }
}

async function guessManifest(
  storage: Storage,
  folder: string,
  cause: AtedbError,
): Promise<Manifest> {
  const names = (await storage.list(folder)).filter(({ isFolder }) => !isFolder);
  const files = new SegmentFiles(new Set(names.map(({ name }) => name)), undefined);
  const found: Guessed[] = [];
  for (const segment of files.numbers) {
    const generation = files.generationOf(segment);
    const path = join(folder, segmentName(segment, generation));
    const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
    const bytes = (await storage.stat(path))?.bytes ?? 0;
    found.push({ header: parseSegmentHeader(start, segment, generation).header, path, bytes });
  }
  const last = found.at(-1)?.header;
  if (last === undefined) throw cause;
  const closed: ClosedSegment[] = [];
  for (const [place, guessed] of found.slice(0, -1).entries()) {
    const next = (found[place + 1] as Guessed).header;
    if (!follows(guessed, next, last.chainId)) {
      const file = segmentName(next.segment, next.rewritten?.generation);
      const before = segmentName(guessed.header.segment, guessed.header.rewritten?.generation);
      const what = `it does not follow ${before}, and the manifest is damaged too`;
      throw damageError({ file, offset: 0, what }, cause);
    }
    closed.push(await closedSegment(storage, guessed, next.previousSha256 as Buffer));
  }
  const { segment, firstCommit, firstSequence } = last;
  const active = { segment, firstCommit, firstSequence };
  return { chainId: last.chainId, closed, active, compacted: undefined };
}

/** The file of a segment, as it is. */
interface Guessed {
  readonly header: SegmentHeader;
  readonly path: string;
  readonly bytes: number;
}

function follows({ header }: Guessed, next: SegmentHeader, chainId: Buffer): boolean {
  const { rewritten } = header;
  return (
    next.segment === header.segment + 1 &&
    next.chainId.equals(chainId) &&
    next.firstCommit > header.firstCommit &&
    next.firstSequence > header.firstSequence &&
    next.previousSha256 !== undefined &&
    (rewritten === undefined || rewritten.originalSha256.equals(next.previousSha256))
  );
}

/** @param originalSha256 as the segment behind it has it. */
async function closedSegment(
  storage: Storage,
  { header, path, bytes }: Guessed,
  originalSha256: Buffer,
): Promise<ClosedSegment> {
  const { segment, firstCommit, firstSequence, rewritten } = header;
  const generation = rewritten?.generation ?? 0;
  // Of a file that was rewritten only the manifest has the hash.
  const sha256 = generation === 0 ? originalSha256 : await hashOfFile(storage, path);
  return { segment, generation, firstCommit, firstSequence, bytes, sha256, originalSha256 };
}
