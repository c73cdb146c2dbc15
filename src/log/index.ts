export { applyRepair, type SetAside } from './apply-repair.ts';
export { bytesOnDisk } from './bytes-on-disk.ts';
export { ChainLog } from './chain-log.ts';
export { type ClosedSegments, closedSegments } from './closed-segments.ts';
export {
  type ChainDamage,
  damageMetadata,
  describeLoss,
  errorCode,
  readError,
} from './damage.ts';
export { finishDeletion, markDeleted } from './delete-folder.ts';
export { type DumpPart, dumpLog } from './dump-log.ts';
export type { DurableState } from './durable-state.ts';
export { KeysCache } from './keys-cache.ts';
export { segmentName } from './layout.ts';
export type { SegmentDamage } from './locate-damage.ts';
export { LockTokens } from './lock-tokens.ts';
export { holdsLog, isSetAsideName } from './log-folder.ts';
export type { ChainLogOptions, OpenChainLogOptions } from './log-options.ts';
export type { Acceptance, Appended } from './log-writer.ts';
export { planRepair, type RepairStep } from './plan-repair.ts';
export type { Position } from './position.ts';
export { RealStorage } from './real-storage.ts';
export { scrubSegment } from './scrub-segment.ts';
export type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
} from './storage.ts';
export type { DamageKind, LogDamage, LogSurvey, LostEvents } from './survey.ts';
export { surveyLog } from './survey-log.ts';
