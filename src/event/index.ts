export {
  type ChainAddress,
  defaultPort,
  parseChainAddress,
  parseServerAddress,
  type ServerAddress,
} from './address.ts';
export {
  Batch,
  parseBatch,
  parseSealOfRun,
  parseSignature,
  type SealView,
  type SignatureView,
} from './batch.ts';
export {
  type BuiltEvent,
  buildEvent,
  buildEvents,
  buildGenesisEvent,
  type EventInput,
  runFields,
} from './build-event.ts';
export { type ChainKey, parseChainKey } from './chain-key.ts';
export {
  type CheckpointClaim,
  checkpointBytesMax,
  checkpointOrigin,
  checkpointText,
  cosignedMessage,
  encodeCheckpoint,
  noteKeyId,
  type ParsedCheckpoint,
  parseCheckpoint,
  signatureLinesMax,
  splitCosignature,
  verifierKey,
} from './checkpoint.ts';
export {
  checkpointKeysClaim,
  encodeCheckpointKeys,
  type ParsedCheckpointKeys,
  parseCheckpointKeys,
} from './checkpoint-keys.ts';
export {
  type CommitHeader,
  type CommitView,
  commitCrcFits,
  commitField,
  commitLeaf,
  encodeCommit,
  encodeCommitHeader,
  parseCommit,
  parseCommitHeader,
} from './commit.ts';
export { layoutOf, layoutStride } from './event-layout.ts';
export type { EventHeader, EventKind, EventView } from './event-view.ts';
export {
  buildGenesis,
  chainIdOf,
  type Genesis,
  type GenesisInput,
  parseGenesis,
  parsePublicKey,
  publicKeyBytes,
  rootsFingerprint,
  type TrustMode,
} from './genesis.ts';
export { type KeyProofClaim, keyProofBytes } from './key-proof.ts';
export { primaryKeyBytes, primaryKeyFromName } from './primary-key.ts';
export { eachPrimaryKey } from './primary-keys-of-run.ts';
export {
  eventsRoot,
  type KeyUnchanged,
  type Precondition,
  type SealedHeader,
  type SealInput,
  sealBatch,
  sealHash,
  signatureBytes,
  signBatch,
  type TreeHead,
  type WriterIdentity,
  writerIdOf,
} from './seal.ts';
export { type SliceBatch, splitSlice } from './slice.ts';
export { WriterNumbers } from './writer-numbers.ts';
