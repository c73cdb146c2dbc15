export {
  Chain,
  type IsProven,
  type PreparedBatch,
  type SubmittedBatch,
  type WriterStanding,
} from './chain.ts';
export {
  type ChainLease,
  ChainRegistry,
  type ListedChain,
  type RegistryOptions,
} from './registry.ts';
export type { WriterHolder } from './writer-claims.ts';
