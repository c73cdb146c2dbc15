export {
  type Answer,
  ChainState,
  type Placed,
  type StateRecord,
  type WriterRecord,
} from './chain-state.ts';
export { checkBatch, checkContents } from './check-batch.ts';
export { checkHashes } from './check-hashes.ts';
export {
  type CertifiedKeys,
  certifyCheckpointKeys,
  type SignedHead,
  signCheckpoint,
  verifyCheckpoint,
  verifyCheckpointKeys,
} from './checkpoint.ts';
export { verifyKeyProof } from './key-proof.ts';
export { type ReplayStart, ReplayVerifier, type VerifiedBatch } from './replay-verifier.ts';
export { allowedKey, type KeyTable, keyTable, verifySignatures } from './signatures.ts';
export { verifyBatch } from './verify-batch.ts';
export { verifyGenesis } from './verify-genesis.ts';
export { type VouchedBy, vouchedBy } from './vouching.ts';
