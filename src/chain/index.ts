export { Backups } from './backups.ts';
export {
  Chain,
  type IsProven,
  type PreparedBatch,
  type SubmittedBatch,
  type WriterStanding,
} from './chain.ts';
export type {
  ChainCompaction,
  ChainUse,
  CompactionOptions,
  CompactionProgress,
  CompactionReport,
} from './chain-compaction.ts';
export { chainFolder, chainKeyOfFolder } from './chain-folder.ts';
export type { CompactionRunner, RewrittenSegment } from './compaction-job.ts';
export { CompactionThread } from './compaction-thread.ts';
export type { AskedCompaction, CompactorSettings } from './compactor.ts';
export type { DamagedSegment } from './damaged-segments.ts';
export { findChains } from './find-chains.ts';
export { type LockHolder, LockTable, locksMax } from './lock-table.ts';
export type { ChainLease } from './open-entry.ts';
export { resumeErasures } from './pending-erasures.ts';
export { ChainRegistry } from './registry.ts';
export type { ListedChain, RegistryOptions } from './registry-options.ts';
export {
  type ChainDiagnosis,
  type ChainRepair,
  diagnoseChain,
  repairChain,
} from './repair-chain.ts';
export { CompactionHere } from './run-compaction.ts';
export type { ScrubSettings } from './scrubber.ts';
export type { WriterHolder } from './writer-claims.ts';
