import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { damageError } from './damage.ts';
import { readWhole, withFile } from './durable-files.ts';
import { manifestName, parseSegmentName, segmentName } from './layout.ts';
import { type ClosedSegment, type Manifest, parseManifest } from './manifest.ts';
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
  const headers: { header: SegmentHeader; bytes: number }[] = [];
  for (const { name } of await storage.list(folder)) {
    const segment = parseSegmentName(name);
    if (segment === undefined) continue;
    const path = join(folder, name);
    const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
    const bytes = (await storage.stat(path))?.bytes ?? 0;
    headers.push({ header: parseSegmentHeader(start, segment).header, bytes });
  }
  const last = headers.at(-1)?.header;
  if (last === undefined) throw cause;
  const closed = headers.slice(0, -1).map(({ header, bytes }, index): ClosedSegment => {
    const next = (headers[index + 1] as (typeof headers)[0]).header;
    const fits =
      next.segment === header.segment + 1 &&
      next.chainId.equals(last.chainId) &&
      next.firstCommit > header.firstCommit &&
      next.firstSequence > header.firstSequence;
    if (!fits || next.previousSha256 === undefined) {
      const what = `it does not follow ${segmentName(header.segment)}, and the manifest is damaged too`;
      throw damageError({ file: segmentName(next.segment), offset: 0, what }, cause);
    }
    const { segment, firstCommit, firstSequence } = header;
    return { segment, firstCommit, firstSequence, bytes, sha256: next.previousSha256 };
  });
  const { segment, firstCommit, firstSequence } = last;
  return { chainId: last.chainId, closed, active: { segment, firstCommit, firstSequence } };
}
