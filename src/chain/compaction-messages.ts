import type { Reason } from '../bytes/index.ts';
import type { ClosedSegment } from '../log/index.ts';
import type {
  CompactionJob,
  CountedSegment,
  ForgottenCommits,
  RewrittenSegment,
} from './compaction-job.ts';

/** To a thread: a job; that a rewritten segment has its place; that the job is to end. Jobs are told from each other by a number. */
export type ToCompactor = { readonly id: number } & (
  | { readonly kind: 'job'; readonly job: CompactionJob }
  | { readonly kind: 'go-on' }
  | { readonly kind: 'end' }
);

/** From a thread, of a job that it has. */
export type FromCompactor = { readonly id: number } & (
  | { readonly kind: 'counted'; readonly segments: readonly CountedSegment[] }
  | { readonly kind: 'progress'; readonly bytes: number }
  | {
      readonly kind: 'rewritten';
      readonly done: RewrittenSegment;
      readonly next: ClosedSegment | undefined;
    }
  | { readonly kind: 'forgotten'; readonly done: ForgottenCommits }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: ThrownInThread }
);

/** An error that crosses threads: of ours with its reason, of the system with its code. */
export interface ThrownInThread {
  readonly message: string;
  readonly reason: Reason | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly code: string | undefined;
}
