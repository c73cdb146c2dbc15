export { applyRepair, type SetAside } from './apply-repair.ts';
export {
  ChainLog,
  type DurableState,
} from './chain-log.ts';
export { errorCode, readError } from './damage.ts';
export { type DumpPart, dumpLog } from './dump-log.ts';
export { KeysCache } from './keys-cache.ts';
export { segmentName } from './layout.ts';
export { LockTokens } from './lock-tokens.ts';
export { holdsLog, isSetAsideName } from './log-folder.ts';
export type { ChainLogOptions, OpenChainLogOptions } from './log-options.ts';
export type { Acceptance, Appended } from './log-writer.ts';
export { planRepair, type RepairStep } from './plan-repair.ts';
export type { Position } from './position.ts';
export { RealStorage } from './real-storage.ts';
export type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
} from './storage.ts';
export type { DamageKind, LogDamage, LogSurvey, LostEvents } from './survey.ts';
export { surveyLog } from './survey-log.ts';
