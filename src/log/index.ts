export {
  ChainLog,
  type DurableState,
} from './chain-log.ts';
export { errorCode, readError } from './damage.ts';
export { type DumpPart, dumpLog } from './dump-log.ts';
export { KeysCache } from './keys-cache.ts';
export type { ChainLogOptions, OpenChainLogOptions } from './log-options.ts';
export type { Acceptance, Appended } from './log-writer.ts';
export type { Position } from './position.ts';
export { RealStorage } from './real-storage.ts';
export type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
} from './storage.ts';
