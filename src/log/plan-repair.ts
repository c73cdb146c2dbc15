import {
  isTileName,
  manifestName,
  parseIndexName,
  parseKeysName,
  parseSnapshotName,
  segmentName,
} from './layout.ts';
import { encodeManifest, type Manifest } from './manifest.ts';
import { encodeSegmentHeader } from './segment-header.ts';
import type { LogSurvey, SoundSegment } from './survey.ts';

/** One thing to be done, as a whole and durably, before the next. */
export type RepairStep =
  /** Keep a file as it is in the folder of what is set aside; then remove it from where it lies. */
  | { readonly kind: 'move-aside'; readonly file: string }
  /** Keep a file as it is in that folder; it stays where it lies, too. */
  | { readonly kind: 'copy-aside'; readonly file: string }
  /** Keep a segment's file in that folder, where it is there; then put a whole one in its place, which has to have this size and SHA-256. */
  | {
      readonly kind: 'restore-segment';
      readonly file: string;
      /** Absolute path of the whole one. */
      readonly from: string;
      readonly bytes: number;
      readonly sha256: Buffer;
      readonly isThere: boolean;
    }
  /** Give a segment's file its header, what it holds up to `end`, and a footer where it lacks one. */
  | {
      readonly kind: 'write-segment';
      readonly segment: number;
      readonly generation: number;
      readonly header: Buffer;
      /** In bytes, in the file as it is and as it will be. */
      readonly end: number;
      readonly footer: Buffer | undefined;
    }
  /** Make the file of a segment that holds nothing yet. */
  | { readonly kind: 'begin-segment'; readonly segment: number; readonly header: Buffer }
  /** Make the tiles anew from the segments that there are now, and from what the tiles have that these prove. */
  | {
      readonly kind: 'write-tiles';
      readonly manifest: Manifest;
      /** Absolute path of a copy of the chain's folder that may have what they lack; undefined for none. */
      readonly from: string | undefined;
    }
  /** The last step: from then on the chain is what it will be. */
  | { readonly kind: 'write-manifest'; readonly manifest: Manifest };

/**
 * Decide what makes a chain sound again. It goes on behind its last sound batch: what follows a batch that can't be read
 * can't be tied to what is before, since each one's place is in the tree of all before. So that is set aside, and nothing
 * of it is deleted.
 *
 * Segments behind the sound ones go first, from the last one down: as long as one of them is there, or the manifest names
 * one that isn't, no server writes to the chain. The manifest comes last.
 *
 * @param tilesFrom absolute path of a copy of the chain's folder that has hashes of what is gone which the tiles lack; undefined for none.
 * @returns no steps where nothing is wrong, or nothing that the server wouldn't put right by itself.
 */
export function planRepair(survey: LogSurvey, tilesFrom?: string): RepairStep[] {
  const { sound, beyond, files, manifest, place, chainId } = survey;
  const active = sound.at(-1) as SoundSegment;
  const after = manifestOf(survey);
  const steps: RepairStep[] = beyond.toReversed().map(({ segment, generation }) => ({
    kind: 'move-aside',
    file: segmentName(segment, generation),
  }));
  for (const { segment, generation, header, hasHeader, end, footer, isCut } of sound) {
    if (hasHeader && !isCut) continue;
    const file = segmentName(segment, generation);
    steps.push({ kind: 'copy-aside', file });
    steps.push({ kind: 'write-segment', segment, generation, header, end, footer });
  }
  // What is derived from a segment that goes on, or is gone, is not derived from the one that it will be.
  const isStale = (name: string) =>
    (parseSnapshotName(name) ?? -1) > active.segment ||
    (parseIndexName(name)?.segment ?? -1) >= active.segment ||
    (parseKeysName(name)?.segment ?? -1) >= active.segment;
  const goesBack = manifest === undefined || manifest.active.segment > active.segment;
  const stale = goesBack ? [...files].filter(isStale) : [];
  const derived = new Set([...stale, ...survey.derived]);
  // Of what is gone under a snapshot they alone have the hashes.
  const isKept = (file: string) => survey.forgotten !== undefined && isTileName(file);
  for (const file of [...derived].sort()) {
    steps.push({ kind: isKept(file) ? 'copy-aside' : 'move-aside', file });
  }
  if ([...derived].some(isKept) || tilesFrom !== undefined) {
    steps.push({ kind: 'write-tiles', manifest: after, from: tilesFrom });
  }
  if (active.generation > 0) {
    const begin = { segment: active.segment + 1, firstCommit: place.commit };
    const header = encodeSegmentHeader({
      ...{ ...begin, chainId, firstSequence: place.sequence, rewritten: undefined },
      ...{ frontier: place.frontier.hashes(), previousSha256: active.closed?.originalSha256 },
    });
    steps.push({ kind: 'begin-segment', segment: begin.segment, header });
  }
  if (manifest === undefined || !encodeManifest(manifest).equals(encodeManifest(after))) {
    if (files.has(manifestName)) steps.push({ kind: 'copy-aside', file: manifestName });
    steps.push({ kind: 'write-manifest', manifest: after });
  }
  return steps;
}

/** The manifest of the chain as far as it is sound. */
function manifestOf({ chainId, sound, place, manifest, forgotten: seen }: LogSurvey): Manifest {
  const last = sound.at(-1) as SoundSegment;
  // What was rewritten is not written to.
  const isBegun = last.generation > 0;
  const closed = (isBegun ? sound : sound.slice(0, -1)).map((part) => {
    const { segment, generation, firstCommit, firstSequence, closed: file } = part;
    if (file === undefined) throw new Error(`segment ${segment} is followed and not closed`);
    return { segment, generation, firstCommit, firstSequence, ...file };
  });
  const active = isBegun
    ? { segment: last.segment + 1, firstCommit: place.commit, firstSequence: place.sequence }
    : { segment: last.segment, firstCommit: last.firstCommit, firstSequence: last.firstSequence };
  const { compacted, forgotten } = manifest ?? { compacted: undefined, forgotten: seen };
  return { chainId, closed, active, compacted, forgotten };
}
