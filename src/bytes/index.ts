export { encodeBase32 } from './base32.ts';
export {
  type ChildQuery,
  type ChildRow,
  ChildTable,
  childOrderBytes,
  childRowBytes,
  placeFor,
} from './child-table.ts';
export { FieldCursor, readVarint, wireTypes } from './cursor.ts';
export { damageMetadata } from './damage-metadata.ts';
export { AtedbError, type AtedbErrorOptions, type Reason, reasons } from './errors.ts';
export type { FieldForm, FieldKind, MessageForm } from './form.ts';
export { halfSipHash } from './half-sip-hash.ts';
export { KeySequences, type KeySequencesOptions } from './key-sequences.ts';
export { type KeyRecord, KeyTable } from './key-table.ts';
export {
  admittedKeysMax,
  answeredChangesMax,
  answeredKeysMax,
  answerHeaderBytesMax,
  batchBytesMax,
  batchEventsMax,
  chainDelegationsMax,
  chainKeyBytesMax,
  chainKeysMax,
  chainKeysReserve,
  commitBytesMax,
  delegationBytesMax,
  delegationChainsMax,
  delegationsMax,
  eventHeaderBytesMax,
  gapBytesMax,
  grpcMessageBytesMax,
  identityRotationsMax,
  integerMax,
  ownerBytesMax,
  preconditionsMax,
  publicKeysMax,
  redactedSequencesMax,
  rootsMax,
  ruleKeysMax,
  runBytesMax,
  signersMax,
  snapshotAgeMsMin,
  timerMsMax,
  treeDepthMax,
  typeNameBytesMax,
  wrappedKeyBytesMax,
  wrappedKeysMax,
  writerBatchesInFlightMax,
} from './limits.ts';
export { checkStrict } from './strict.ts';
export { timeText } from './time-text.ts';
export { encodeVarint, FieldWriter, frame, framedBytes, frameHead, varintBytes } from './writer.ts';
