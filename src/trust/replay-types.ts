import type { PublicKey } from '../crypto/index.ts';
import type { Batch, CommitView, Gap, TreeHead } from '../event/index.ts';
import type { BatchChanges } from './acting.ts';
import type { AuthorityRecord } from './authority-record.ts';
import type { OwedData } from './owed-data.ts';
import type { RetentionFloor } from './retention.ts';
import type { VouchedBy } from './vouching.ts';

/** A batch that was verified, with its commit. */
export interface VerifiedBatch {
  readonly batch: Batch;
  readonly commit: CommitView;
  /** Whether its writer's own signature is on it, or the server of a centralized chain alone says that it is its. */
  readonly vouchedBy: VouchedBy;
  /** What is gone of it, or before it. Absent: nothing is. */
  readonly gap?: Gap | undefined;
  /** What of it has changed who may do what. Absent: that isn't known. */
  readonly changes?: BatchChanges | undefined;
}

/** Where a replay starts: the state of the tree there. */
export interface ReplayStart {
  /** Number of the first commit. */
  readonly commit: number;
  /** Sequence of the first event. */
  readonly sequence: number;
  /** Frontier of the tree of the commits before: 32 bytes each, largest subtree first. */
  readonly frontier: readonly Buffer[];
  /** Who may do what there, as the caller has verified it. */
  readonly authority?: AuthorityRecord | undefined;
  /** The same, from a commit on that is still to come. */
  readonly rules?: RulesFrom | undefined;
  /** What the chain's rules for retention have let go by then, where it is known who may do what. Absent: nothing. */
  readonly retained?: RetentionFloor | undefined;
  /** Up to which sequence the chain was read at another time, by somebody who has kept what that came to. Absent: nothing was kept. */
  readonly keptTo?: number | undefined;
  /** Finds a public key of the chain by the hexadecimal of its fingerprint; asked where it isn't known who may do what. */
  readonly findKey?: FindKey | undefined;
}

/** From where on it is known who may do what. */
export interface RulesFrom {
  /** The tree there, which the replay must have too when it comes there. */
  readonly head: TreeHead;
  readonly authority: AuthorityRecord;
  /** What its rules for retention have let go by then. Absent: nothing. */
  readonly retained?: RetentionFloor | undefined;
  /** All that have written before. */
  readonly writers: ReplayedWriters;
  /** As `Forgotten.missingBelow` was there. Absent: 0. */
  readonly missingBelow?: number | undefined;
}

/** Finds a public key by the hexadecimal of its fingerprint; undefined where there is none. */
export type FindKey = (fingerprint: string) => Promise<PublicKey | undefined>;

/** How a replay is verified. */
export interface ReplayOptions {
  /** Whether each signature is verified, and not only the last one of each writer in a slice, which covers those before. */
  readonly allSignatures?: boolean;
  /** Takes note of data that is gone, for whoever looks into it by themselves. Absent: the replay does, as far as it shows. */
  readonly owed?: OwedData;
  /** Data of more bytes was asked to be left out. Absent: none was. */
  readonly dataUpTo?: number | undefined;
  /**
   * Proves that a tree extends another one, or throws: asked where the commit from which on it is known who may do what is gone.
   * Absent: then it stays unknown.
   */
  readonly proveExtends?: ((older: TreeHead, newer: TreeHead) => Promise<void>) | undefined;
}

/** Where a writer's chain of seals stands. */
export interface ReplayedWriter {
  readonly nextCounter: number;
  /** 32 bytes. */
  readonly lastSealHash: Buffer;
  /** The head that its last seal names. */
  readonly asOf: TreeHead | undefined;
}

/** Writers by the hexadecimal of their ids. */
export type ReplayedWriters = ReadonlyMap<string, ReplayedWriter>;
