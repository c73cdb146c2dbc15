import type { SegmentFileName } from './layout.ts';
import type { ClosedSegment, LastSnapshot, Manifest } from './manifest.ts';
import type { ChainPlace } from './scan-segment.ts';

// What a survey of a chain's files finds: facts, from which `planRepair` decides what is to be done.

/**
 * How something is wrong.
 *
 * - `missing`: it isn't there.
 * - `truncated`: it ends too early.
 * - `corrupt`: its bytes are wrong.
 * - `misplaced`: its bytes are whole, and are of another place, chain or time than where they are.
 * - `unlisted`: it is there, and the manifest doesn't know it.
 */
export type DamageKind = 'missing' | 'truncated' | 'corrupt' | 'misplaced' | 'unlisted';

/** Something that is wrong with a chain's files. */
export interface LogDamage {
  /** Its path within the chain's folder. */
  readonly file: string;
  /** In bytes; where reading it stopped making sense. */
  readonly offset: number;
  readonly kind: DamageKind;
  /** What is wrong there, in words. */
  readonly what: string;
  /** Whether events can't be read, or not be believed, because of it. Else all of it can be made again. */
  readonly losesEvents: boolean;
}

/** A segment as far as it is sound. Numbers of bytes are of its file as it will be. */
export interface SoundSegment {
  readonly segment: number;
  /** Of its file. */
  readonly generation: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** The header that it has, or is to have. */
  readonly header: Buffer;
  /** Whether its file begins with that. */
  readonly hasHeader: boolean;
  /** Where its sound batches end. */
  readonly end: number;
  /** What is to follow them: its footer, whether the file has it or lacks it. */
  readonly footer: Buffer | undefined;
  /** Whether what follows them in the file is to be cut off. */
  readonly isCut: boolean;
  /** Of the file as a closed one; that of the last segment counts only where it was rewritten: then the one to go on with is begun behind it. */
  readonly closed: Pick<ClosedSegment, 'bytes' | 'sha256' | 'originalSha256'> | undefined;
}

/** What the files of a chain are. */
export interface LogSurvey {
  readonly chainId: Buffer;
  readonly damages: readonly LogDamage[];
  /** From the chain's start on, without a gap; the last one is the one to go on with. At least one. */
  readonly sound: readonly SoundSegment[];
  /** The chain after its last sound batch. */
  readonly place: ChainPlace;
  /** As it was read; undefined where it is damaged, gone, or of another chain. */
  readonly manifest: Manifest | undefined;
  /** The snapshot under which something of the sound part is gone, as its gaps name it; undefined where nothing is. */
  readonly forgotten: LastSnapshot | undefined;
  /** Segments behind the sound ones whose files are there, in order: of each that file which counts. */
  readonly beyond: readonly SegmentFileName[];
  /** Names of all files in the folder; those of `tiles/` with that before them. */
  readonly files: ReadonlySet<string>;
  /** Of these, such as can be made again and are not what they should be. */
  readonly derived: readonly string[];
  /** How many leaf hashes of commits that are gone under a snapshot the tiles lack: nothing else has them. */
  readonly lostHashes: number;
  /** What is there and counts for nothing, so that it doesn't matter that it is wrong: in words. */
  readonly notes: readonly string[];
  /** Bytes at the end of the last segment that a crash left, and that the server sets aside when it opens the chain. */
  readonly tornBytes: number;
  /** What can't be had from the sound part. */
  readonly lost: LostEvents | undefined;
}

/** Events behind the sound part of a chain. */
export interface LostEvents {
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** The highest sequence that something in the files tells of; undefined where nothing does. */
  readonly lastSequence: number | undefined;
  /** How many of them are in batches that are whole by themselves, and that `dump` shows. */
  readonly readable: number;
}
