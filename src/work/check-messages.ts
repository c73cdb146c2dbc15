import type { Reason } from '../bytes/index.ts';

/** To a thread that checks: runs lie in the shared memory from `start` on, one behind the other, and have these sizes. */
export interface CheckGroup {
  readonly what: CheckKind;
  readonly start: number;
  readonly runBytes: readonly number[];
}

/** `hashes`: `checkHashes` of batches that were checked but for these. `all`: `checkBatch` of whatever the runs are. */
export type CheckKind = 'hashes' | 'all';

/** From a thread that checks, for a run: what the check says of it. */
export type CheckVerdict =
  | 'good'
  | {
      readonly reason: Reason;
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    };

/** What a thread says of the runs of a group, one by one. */
export interface CheckAnswer {
  readonly verdicts: readonly CheckVerdict[];
  /** Where everything lies in those that are good; see `parts.ts`. Absent where only hashes were checked. */
  readonly parts?: Uint32Array<ArrayBuffer>;
}

/** From a thread that checks: at first that it can, and then an answer a group, in their order. */
export type CheckerMessage = 'ready' | CheckAnswer;
