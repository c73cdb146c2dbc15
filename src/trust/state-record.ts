import type { AuthorityRecord } from './authority-record.ts';
import type { AuthorityRecording } from './authority-recording.ts';

/** The answer that a batch got: kept so that a retry gets the same one. */
export interface Answer {
  /** 32 bytes. */
  readonly sealHash: Buffer;
  readonly commitHeader: Buffer;
}

/** What a chain knows of one writer. */
export interface WriterRecord {
  /** 32 bytes. */
  readonly writerId: Buffer;
  readonly nextCounter: number;
  /** Number of the commit of its last batch. */
  readonly lastCommit: number;
  /** Sequence after its last event. */
  readonly endSequence: number;
  /** Size of the largest head that it said it has verified. */
  readonly asOfSize: number;
  /** Its last answers, oldest first; at most 128, at least one. */
  readonly recent: readonly Answer[];
}

/** What a chain's rules decide on, as plain data: the whole state after some commit. */
export interface StateRecord {
  readonly nextCommit: number;
  readonly nextSequence: number;
  readonly timeUnixMs: number;
  /** Ordered by their last commit. */
  readonly writers: readonly WriterRecord[];
  readonly authority: AuthorityRecord;
}

/** The same while it is taken: who may do what is gathered piece by piece. */
export interface StateRecording extends Omit<StateRecord, 'authority'> {
  readonly authority: AuthorityRecording;
}
