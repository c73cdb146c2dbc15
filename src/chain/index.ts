export {
  Chain,
  type IsProven,
  type PreparedBatch,
  type SubmittedBatch,
  type WriterStanding,
} from './chain.ts';
export { chainFolder, chainKeyOfFolder } from './chain-folder.ts';
export type { DamagedSegment } from './damaged-segments.ts';
export { findChains } from './find-chains.ts';
export { KeyedMutex } from './keyed-mutex.ts';
export { type LockHolder, LockTable, locksMax } from './lock-table.ts';
export { createChain, type OpenChainOptions, openChain } from './open-chain.ts';
export type { ChainLease } from './open-entry.ts';
export { type OwnGenesis, type OwnSigner, sealOwnGenesis } from './own-batch.ts';
export {
  ChainRegistry,
  type ListedChain,
  type RegistryOptions,
} from './registry.ts';
export {
  type ChainDiagnosis,
  type ChainRepair,
  diagnoseChain,
  repairChain,
} from './repair-chain.ts';
export type { ScrubSettings } from './scrubber.ts';
export type { WriterHolder } from './writer-claims.ts';
