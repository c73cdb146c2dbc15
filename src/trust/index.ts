export type { BatchChanges, CommitPlace } from './acting.ts';
export type { Placement } from './assume-placement.ts';
export { verifyAuthAnswer, verifyHeld, verifyHeldIn } from './auth-answer.ts';
export { Authority } from './authority.ts';
export { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
export type { AuthorityRecord } from './authority-record.ts';
export type { AuthorityRecording } from './authority-recording.ts';
export { ChainState, type Placed } from './chain-state.ts';
export { checkBatch, checkContents } from './check-batch.ts';
export type { Provenance } from './check-gone.ts';
export { checkHashes } from './check-hashes.ts';
export { badData, checkLoaded, type LeftOutEvent, type LoadedData } from './check-loaded.ts';
export { checkOmitted } from './check-omitted.ts';
export {
  type CertifiedKeys,
  certifyCheckpointKeys,
  type SignedHead,
  signCheckpoint,
  verifyCheckpoint,
  verifyCheckpointKeys,
} from './checkpoint.ts';
export {
  type AskedChildren,
  badChildren,
  type ChildrenMessage,
  ChildrenVerifier,
  type ListedChild,
  type ListedChildren,
  type NamedChild,
} from './children-verifier.ts';
export type { CountingRules } from './counting-rules.ts';
export {
  checkDelegationPath,
  checkScopeOfPath,
  checkTimesOfPath,
  countsAt,
  signDelegation,
  verifyDelegations,
} from './delegation-path.ts';
export type { KnownDelegation } from './delegations.ts';
export { verifyDeletion } from './deletion-proof.ts';
export type { ForgottenMark } from './forgotten.ts';
export { genesisSigners, isFromServer, isServersKind } from './from-server.ts';
export { type HorizonRecord, snapshotInvalid } from './horizon.ts';
export {
  extendIdentityLine,
  type IdentityLine,
  identityLineOf,
  isOfLine,
  isRetired,
  verifyIdentityLine,
} from './identity-line.ts';
export { type StreamTies, verifyKeyProof } from './key-proof.ts';
export type { KeyRing, KeyRingRecord } from './key-ring.ts';
export { checkMayLock, type LockClaim, verifyLockProof } from './lock-proof.ts';
export type { TreeRecord } from './object-tree.ts';
export { OwedData, refuseUnallowed, type Unallowed, unallowedText } from './owed-data.ts';
export type { OwnerRecord } from './ownership.ts';
export type {
  FindKey,
  ReplayedWriter,
  ReplayedWriters,
  ReplayOptions,
  ReplayStart,
  RulesFrom,
  VerifiedBatch,
} from './replay-types.ts';
export { ReplayVerifier } from './replay-verifier.ts';
export {
  type ChainEnd,
  type EventPlace,
  floorNone,
  isBelow,
  type RetentionFloor,
  raiseFloor,
} from './retention.ts';
export { issuerOfPath, issuerOfShown, verifyAllSigned } from './shown-delegations.ts';
export { type KeyTable, keyTable, verifySignatures } from './signatures.ts';
export { splitOrFail } from './split-slice.ts';
export type { Answer, StateRecord, StateRecording, WriterRecord } from './state-record.ts';
export type { StoredBatch } from './stored-batch.ts';
export { checkMayOpen, checkMayOpenBy, verifyTicketProof } from './ticket-proof.ts';
export type { HeldReadRule, HeldRule, NodeRecord } from './tree-node.ts';
export { verifyBatch } from './verify-batch.ts';
export { verifyGenesis } from './verify-genesis.ts';
export { type VouchedBy, vouchedBy } from './vouching.ts';
