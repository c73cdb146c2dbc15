import { join } from 'node:path';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { KeysFile } from './keys-file.ts';
import type { KeysOf } from './keys-header.ts';
import { entryBytes } from './keys-layout.ts';
import { KeysOfRuns } from './keys-of-runs.ts';
import { keysName, segmentName } from './layout.ts';
import type { ClosedSegment } from './manifest.ts';
import { type EntrySink, mergeKeys } from './merge-keys.ts';
import { Pace } from './pace.ts';
import { scanKeys } from './scan-segment-file.ts';
import { headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { ActiveFile } from './segment-rewriting.ts';
import { isBatch, SegmentWindow } from './segment-window.ts';
import { sortKeys } from './sort-keys.ts';
import type { Storage } from './storage.ts';
import { writeKeysFile } from './write-keys-file.ts';

/** Pages of entries that are read at once: some 64 KiB. */
const pagesAtOnce = 16;

/** The files of a log, as they are at one moment. */
export interface LogFiles {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly chainId: Buffer;
  /** In order. */
  readonly closed: readonly ClosedSegment[];
  readonly active: ActiveFile;
}

/** Which events of a closed segment are the newest of their object in all of the log, and what data the others have. */
export interface SegmentNewest {
  readonly segment: ClosedSegment;
  /** Bit n, from the least significant one of each byte on, is that of the segment's event number n: set for the newest of an object. */
  readonly newest: Uint8Array;
  /** Bytes of data and salt of its data events. */
  readonly dataBytes: number;
  /** How many of these are the newest events'. */
  readonly newestBytes: number;
  /** How many of the others a compaction has found to have to stay, when it last looked. */
  readonly keptBytes: number;
}

/** What was found. */
export interface FoundNewest {
  /** The closed segments, in order. */
  readonly segments: readonly SegmentNewest[];
  /** Ids of those who have written to the active segment, 32 bytes each. */
  readonly activeWriters: readonly Buffer[];
}

/**
 * Find the newest event of each object, by merging the keys of all segments. Files of keys that are missing or can't be used are
 * made again.
 *
 * @param end ends it.
 * @throws AtedbError CHAIN_DAMAGED where keys have to be made again from a damaged segment; the signal's reason; what the storage
 *   throws.
 */
export async function findNewest(log: LogFiles, end: AbortSignal): Promise<FoundNewest> {
  const found = [];
  for (const [place, segment] of log.closed.entries()) {
    end.throwIfAborted();
    const next = log.closed[place + 1] ?? log.active;
    const keys = await keysOfSegment(log, segment, next);
    const newest = new Uint8Array(Math.ceil((next.firstSequence - segment.firstSequence) / 8));
    found.push({ segment, keys, newest, newestBytes: 0 });
  }
  const sources: EntrySink[] = found.map((one) => ({
    read: reader(one.keys),
    onNewest: (at, bytes) => {
      one.newest[at >>> 3] = (one.newest[at >>> 3] as number) | (1 << (at & 7));
      one.newestBytes += bytes;
    },
  }));
  const active = await activeKeys(log, end);
  let isRead = false;
  sources.push({
    read: async () => {
      if (isRead) return undefined;
      isRead = true;
      return active.entries;
    },
    onNewest: () => undefined,
  });
  const pace = new Pace();
  await mergeKeys(sources, () => {
    end.throwIfAborted();
    return pace.isDue ? pace.rest() : undefined;
  });
  const segments = found.map(({ segment, keys, newest, newestBytes }) => {
    const { all: dataBytes, kept: keptBytes } = keys.dataBytes;
    return { segment, newest, dataBytes, newestBytes, keptBytes };
  });
  return { segments, activeWriters: active.writers };
}

/** Read the entries of a file, some pages at a time. */
function reader(keys: KeysFile): EntrySink['read'] {
  let page = 0;
  return async () => {
    const count = Math.min(pagesAtOnce, keys.entryPages - page);
    if (count <= 0) return undefined;
    page += count;
    return keys.readEntries(page - count, count);
  };
}

async function keysOfSegment(
  { storage, folder, chainId }: LogFiles,
  begin: ClosedSegment,
  next: { readonly firstCommit: number; readonly firstSequence: number },
): Promise<KeysFile> {
  const { segment, generation, sha256, firstSequence } = begin;
  const of: KeysOf = { chainId, segment, generation, sha256, firstSequence };
  const path = join(folder, keysName(segment, generation));
  const open = () => KeysFile.open((use) => withFile(storage, path, 'read', use), of);
  try {
    const keys = await open();
    // Now, since a merge that is on its way can't make them again.
    await keys.checkPages();
    return keys;
  } catch {
    // Whatever is wrong with it, the segment itself says the same.
  }
  await writeKeysFile(
    { storage, folder },
    of,
    await scanKeys({ storage, folder, chainId }, begin, next),
    0,
  );
  return open();
}

/** The keys of what is durable in the active segment: entries in order, and who wrote them. */
async function activeKeys(
  log: LogFiles,
  end: AbortSignal,
): Promise<{ entries: Buffer; writers: readonly Buffer[] }> {
  const { storage, folder, active } = log;
  const name = segmentName(active.segment);
  const keys = new KeysOfRuns();
  await withFile(storage, join(folder, name), 'read', async (file) => {
    const start = parseSegmentHeader(await file.read(0, headerBytesMax), active.segment, 0);
    const window = new SegmentWindow(file, active.durableBytes);
    let sequence = active.firstSequence;
    for (let at = start.bytes; at < active.durableBytes; ) {
      end.throwIfAborted();
      const found = await window.batchAt(at);
      if (!isBatch(found)) throw damageError({ file: name, offset: at, what: found.what });
      keys.add(found.stored.subarray(found.frame.runStart, found.frame.runEnd), sequence);
      sequence += found.frame.events;
      at = found.end;
    }
  });
  const { table, writers } = keys.all;
  const order = await sortKeys(table, new Pace());
  const entries = Buffer.allocUnsafe(order.length * entryBytes);
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
  order.forEach((entry, place) => {
    table.writeEntry(entry, view, place * entryBytes, active.firstSequence);
  });
  return { entries, writers };
}
