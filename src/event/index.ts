export {
  type ChainAddress,
  defaultPort,
  parseChainAddress,
  parseServerAddress,
  type ServerAddress,
  serverAddressText,
} from './address.ts';
export { authPortDefault, parseAuthAddress } from './auth-address.ts';
export {
  type AnsweredChange,
  type AuthAnswerClaim,
  authAnswerHeader,
  encodeAuthAnswer,
  type ParsedAuthAnswer,
  parseAuthAnswer,
  withoutRotations,
} from './auth-answer.ts';
export {
  type AddRule,
  type AdmitRule,
  type Authorisation,
  authorisationBytes,
  type Confidentiality,
  type EventAuthority,
  type KeyChange,
  parseAuthorisation,
  type ReadRule,
  readAuthority,
  readConfidentiality,
  type WrappedKey,
  type WriteRule,
} from './authority.ts';
export { Batch, parseBatch, reopenBatch } from './batch.ts';
export {
  type BuiltEvent,
  buildEvent,
  buildEvents,
  buildGenesisEvent,
  type EventInput,
  runFields,
  type Sealing,
} from './build-event.ts';
export {
  authChainKey,
  type ChainKey,
  parseChainKey,
  parseTypedChainKey,
  triesChainKey,
} from './chain-key.ts';
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
export { type AskedPlace, childOrder, isChildOf, type SaidPlace } from './child-place.ts';
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
export {
  type DelegationClaim,
  delegationHeader,
  encodeDelegation,
  type ParsedDelegation,
  parseDelegation,
} from './delegation.ts';
export { beyondScope, checkScopeEntry, scopeCovers, scopeOf } from './delegation-scope.ts';
export { type DeletionClaim, deletionBytes } from './deletion-proof.ts';
export {
  dataBytesAt,
  eventMarks,
  kindData,
  layoutOf,
  layoutStride,
  writesObject,
} from './event-layout.ts';
export { eventPath, verifyEventPath } from './event-path.ts';
export {
  type DataState,
  dataStateName,
  dataStates,
  type EventHeader,
  type EventKind,
  type EventView,
  marksOfHeader,
  parseEventHeader,
} from './event-view.ts';
export { fingerprintText, parseFingerprintText } from './fingerprint-text.ts';
export { authoritySnapshotForm, magics, publicKeyForm, signatureForm } from './forms.ts';
export { encodeGap, type Gap, gapField, parseGap, subtreesOfGap } from './gap.ts';
export {
  buildGenesis,
  chainIdOf,
  type Genesis,
  type GenesisInput,
  parseGenesis,
  rootsFingerprint,
  type TrustMode,
} from './genesis.ts';
export {
  type BatchSubtree,
  goneEventFrame,
  goneEventsIn,
  goneTag,
  subtreesOfGone,
} from './gone-events.ts';
export {
  encodeIdentityRotation,
  type IdentityRotationClaim,
  identityRotationHeader,
  type ParsedIdentityRotation,
  parseIdentityRotation,
} from './identity-rotation.ts';
export { type KeyProofClaim, keyProofBytes } from './key-proof.ts';
export { type LockProofClaim, lockProofBytes } from './lock-proof.ts';
export { looksLikeDomain, type Owner, ownerOf, parseOwner } from './owner.ts';
export { type EachPlace, eachPlace, eachPlaceOfRun } from './places-of-run.ts';
export { childPrimaryKey, primaryKeyBytes, primaryKeyFromName } from './primary-key.ts';
export { eachPrimaryKey } from './primary-keys-of-run.ts';
export { parsePublicKey, publicKeyBytes } from './public-key.ts';
export { parsePublicKeyText, publicKeyMark, publicKeyText } from './public-key-text.ts';
export { erases, type RedactedEvent, type Redaction } from './redaction.ts';
export { letsGo, type RetentionRule } from './retention.ts';
export {
  eventsRoot,
  type Fence,
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
export {
  parseSeal,
  parseSealOfRun,
  parseSignature,
  type SealView,
  type SignatureView,
} from './seal-view.ts';
export { openSealedData, type SealedData, sealingUnder } from './sealed-data.ts';
export { type SliceBatch, splitSlice } from './slice.ts';
export {
  type GoneRun,
  GoneRuns,
  type GoneState,
  hashOfWriters,
  isSameGone,
  nothingGone,
  type Snapshot,
  type WriterSeal,
} from './snapshot.ts';
export { type TicketProofClaim, ticketProofBytes } from './ticket-proof.ts';
export { type DelegatedRight, Token, tokenMark } from './token.ts';
export { WriterNumbers } from './writer-numbers.ts';
