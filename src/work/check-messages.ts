import type { Reason } from '../bytes/index.ts';

/** To a thread that checks: runs lie in the shared memory, one behind the other, and have these sizes. */
export interface CheckGroup {
  readonly runBytes: readonly number[];
}

/** From a thread that checks, for each run of the group: what `checkHashes` says of it. */
export type CheckVerdict =
  | 'good'
  | {
      readonly reason: Reason;
      readonly message: string;
      readonly metadata: Readonly<Record<string, string>>;
    };
