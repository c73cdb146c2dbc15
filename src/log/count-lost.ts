import type { Manifest } from './manifest.ts';
import { readBehind, type SoundEnd } from './read-behind.ts';
import type { ChainPlace } from './scan-segment.ts';
import type { LostEvents } from './survey.ts';

/** Where the sound part of a chain ends, and what is behind. */
export interface LostPart extends SoundEnd {
  readonly place: ChainPlace;
  readonly manifest: Manifest | undefined;
}

/** Find which events lie behind the sound part of a chain, and how many of them can be read all the same. */
export async function countLost(part: LostPart): Promise<LostEvents> {
  const { place, manifest } = part;
  let next = manifest?.active.firstSequence ?? 0;
  const readable = new Set<number>();
  let events = 0;
  for await (const found of readBehind(part)) {
    if (found.kind === 'header') next = Math.max(next, found.header.firstSequence);
    if (found.kind === 'footer') next = Math.max(next, found.footer.nextSequence);
    if (found.kind !== 'batch') continue;
    const { firstSequence, events: count } = found.commit;
    next = Math.max(next, firstSequence + count);
    // A file that is there twice doesn't hold its events twice.
    if (firstSequence < place.sequence || readable.has(firstSequence)) continue;
    readable.add(firstSequence);
    events += count;
  }
  return {
    firstCommit: place.commit,
    firstSequence: place.sequence,
    lastSequence: next > place.sequence ? next - 1 : undefined,
    readable: events,
  };
}
