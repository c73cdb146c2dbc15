export { applyRepair, type SetAside } from './apply-repair.ts';
export { type BackupReport, backupLog } from './backup-log.ts';
export { type BatchSource, FolderBatches, type OtherBatch } from './batch-source.ts';
export { bytesOnDisk } from './bytes-on-disk.ts';
export { ChainLog } from './chain-log.ts';
export { type ClosedSegments, closedSegments } from './closed-segments.ts';
export {
  type ChainDamage,
  describeLoss,
  errorCode,
  readError,
} from './damage.ts';
export { finishDeletion, markDeleted, removeFolder } from './delete-folder.ts';
export { dropDerived } from './drop-derived.ts';
export { type DumpPart, dumpLog } from './dump-log.ts';
export { replaceFile } from './durable-files.ts';
export type { DurableState } from './durable-state.ts';
export { type Erasures, readErasures, writeErasures } from './erasures-file.ts';
export { findNewest, type SegmentNewest } from './find-newest.ts';
export { findRestorable, type RestoreStep } from './find-restorable.ts';
export { ForgetBatches, type Survivors } from './forget-batches.ts';
export { goneError } from './gone-error.ts';
export { lastCommitsOf } from './last-commits.ts';
export { LayeredStorage } from './layered-storage.ts';
export {
  isTileName,
  manifestName,
  mendingName,
  parseSegmentName,
  replacedFolder,
  segmentName,
} from './layout.ts';
export { loadManifest } from './load-manifest.ts';
export type { SegmentDamage } from './locate-damage.ts';
export { LockTokens } from './lock-tokens.ts';
export { LogCaches } from './log-caches.ts';
export { holdsLog, isSetAsideName, setAsideFiles, setAsidePath } from './log-folder.ts';
export { logMark } from './log-mark.ts';
export type { ChainLogOptions, OpenChainLogOptions } from './log-options.ts';
export type { Acceptance, Appended, ClosedActive } from './log-writer.ts';
export {
  type ClosedSegment,
  encodeManifest,
  type LastCompaction,
  type LastSnapshot,
  type Manifest,
} from './manifest.ts';
export { type LogMending, type MendedBatch, mendLog } from './mend-log.ts';
export type { MendedFile } from './mended-segment.ts';
export { omitLargeData } from './omit-data.ts';
export { otherFiles } from './other-files.ts';
export { Pace } from './pace.ts';
export { planRepair, type RepairStep } from './plan-repair.ts';
export type { Position } from './position.ts';
export { readBehind } from './read-behind.ts';
export { readSnapshot } from './read-snapshot.ts';
export { RealStorage } from './real-storage.ts';
export { rebuildTiles } from './rebuild-tiles.ts';
export { dataFates, rewriteRun } from './rewrite-run.ts';
export { rewriteSegment } from './rewrite-segment.ts';
export type { ScannedBatch } from './scan-segment.ts';
export { keepKeys, type LogPlace, scanSegmentFile } from './scan-segment-file.ts';
export { type SegmentToScrub, scrubSegment } from './scrub-segment.ts';
export type { ActiveFile } from './segment-rewriting.ts';
export type { StoredState, TakenState } from './snapshot-file.ts';
export type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
} from './storage.ts';
export type { DamageKind, LogDamage, LogSurvey, LostEvents } from './survey.ts';
export { surveyLog } from './survey-log.ts';
export type { TakenSpan } from './taken-spans.ts';
