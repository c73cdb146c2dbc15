export { Backups } from './backups.ts';
export { Chain } from './chain.ts';
export type {
  ChainCompaction,
  ChainUse,
  CompactionOptions,
  CompactionProgress,
  CompactionReport,
} from './chain-compaction.ts';
export { chainFolder, chainKeyOfFolder } from './chain-folder.ts';
export type { ChildrenPage, FoundChild } from './children.ts';
export type { CompactionRunner, RewrittenSegment } from './compaction-job.ts';
export { CompactionThread } from './compaction-thread.ts';
export type { AskedCompaction, CompactorSettings } from './compactor.ts';
export type { DamagedSegment } from './damaged-segments.ts';
export { findChains } from './find-chains.ts';
export { KeyedMutex } from './keyed-mutex.ts';
export { type LockHolder, LockTable, locksMax } from './lock-table.ts';
export { type ChainMending, mendChain, type VerifiedChain } from './mend-chain.ts';
export { createChain, type OpenChainOptions, openChain } from './open-chain.ts';
export type { ChainLease } from './open-entry.ts';
export { type OwnGenesis, type OwnSigner, sealOwnGenesis } from './own-batch.ts';
export { resumeErasures } from './pending-erasures.ts';
export { type QuotaSettings, type QuotaUse, quotasNone } from './quotas.ts';
export { ChainRegistry } from './registry.ts';
export type { ListedChain, RegistryOptions } from './registry-options.ts';
export {
  type ChainDiagnosis,
  type ChainRepair,
  type ChainRestoration,
  diagnoseChain,
  repairChain,
  restoreSegments,
} from './repair-chain.ts';
export { CompactionHere } from './run-compaction.ts';
export type { ScrubSettings } from './scrubber.ts';
export type { IsProven, PreparedBatch, SubmittedBatch, WriterStanding } from './submission.ts';
export type { WriterHolder } from './writer-claims.ts';
