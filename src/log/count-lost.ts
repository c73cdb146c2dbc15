import { join } from 'node:path';
import { readSegmentParts } from './dump-segment.ts';
import { withFile } from './durable-files.ts';
import { segmentName } from './layout.ts';
import type { Manifest } from './manifest.ts';
import type { ChainPlace } from './scan-segment.ts';
import type { Storage } from './storage.ts';
import type { LostEvents, SoundSegment } from './survey.ts';

/** Where the sound part of a chain ends, and what is behind. */
export interface LostPart {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  /** The last sound segment. */
  readonly active: SoundSegment;
  readonly beyond: readonly number[];
  readonly place: ChainPlace;
  readonly manifest: Manifest | undefined;
}

/** Find which events lie behind the sound part of a chain, and how many of them can be read all the same. */
export async function countLost(part: LostPart): Promise<LostEvents> {
  const { storage, folder, active, place, manifest } = part;
  let next = manifest?.active.firstSequence ?? 0;
  const readable = new Set<number>();
  let events = 0;
  for (const segment of [...(active.isCut ? [active.segment] : []), ...part.beyond]) {
    const name = segmentName(segment);
    const from = segment === active.segment ? active.end : 0;
    await withFile(storage, join(folder, name), 'read', async (file) => {
      for await (const found of readSegmentParts(file, name)) {
        // A file of another chain holds none of this one's events.
        if (found.kind === 'header' && !found.header.chainId.equals(part.chainId)) return;
        if (found.kind === 'header') next = Math.max(next, found.header.firstSequence);
        if (found.kind === 'footer') next = Math.max(next, found.footer.nextSequence);
        if (found.kind !== 'batch' || found.offset < from) continue;
        const { firstSequence, events: count } = found.commit;
        next = Math.max(next, firstSequence + count);
        // A file that is there twice doesn't hold its events twice.
        if (firstSequence < place.sequence || readable.has(firstSequence)) continue;
        readable.add(firstSequence);
        events += count;
      }
    });
  }
  return {
    firstCommit: place.commit,
    firstSequence: place.sequence,
    lastSequence: next > place.sequence ? next - 1 : undefined,
    readable: events,
  };
}
