export type { Expected } from './check-expected.ts';
export { HistoryQueue } from './history-queue.ts';
export {
  type HistoryOptions,
  HistoryVerifier,
  type PlacedBatch,
  whyOf,
} from './history-verifier.ts';
export type { Amount, KeyTally, Vouched } from './tally.ts';
export {
  type Demands,
  type FolderFindings,
  type FolderToVerify,
  verifyFolder,
} from './verify-folder.ts';
export { type Violation, Violations } from './violations.ts';
