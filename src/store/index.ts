export {
  makeFolderDurable,
  syncFolder,
  type WriteFileAtomicOptions,
  writeFileAtomic,
} from './atomic-file.ts';
export { readCheckpointKeyFile, writeCheckpointKeyFile } from './checkpoint-key-file.ts';
export { acquireExclusiveLock, type ExclusiveLock } from './exclusive-lock.ts';
export { defaultKeyName, type Identity, IdentityStore, identityHome } from './identity-store.ts';
export {
  formatKeyFile,
  keyFileMode,
  parseKeyFile,
  readKeyFile,
  type StoredKey,
  writeKeyFile,
} from './key-file.ts';
