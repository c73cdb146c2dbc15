export {
  makeFolderDurable,
  syncFolder,
  type WriteFileAtomicOptions,
  writeFileAtomic,
} from './atomic-file.ts';
export { makeAuthSecretFile, readAuthSecretFile } from './auth-secret-file.ts';
export { readCheckpointKeyFile, writeCheckpointKeyFile } from './checkpoint-key-file.ts';
export { acquireExclusiveLock, type ExclusiveLock } from './exclusive-lock.ts';
export {
  defaultKeyName,
  type Identity,
  IdentityStore,
  identityHome,
  type KeyDescription,
} from './identity-store.ts';
export {
  formatKeyFile,
  type KeyFile,
  type KeyFileOptions,
  keyFileMode,
  parseKeyFile,
  readKeyFile,
  type StoredKey,
  writeKeyFile,
} from './key-file.ts';
export { readLogin, removeLogin, type StoredLogin, writeLogin } from './login-file.ts';
export type { Passphrase, PassphraseRequest } from './passphrase.ts';
export { type PrivateText, readPrivateText } from './private-text.ts';
export { readRotationsFile, writeRotationsFile } from './rotations-file.ts';
export { readCertificateText, readTlsPair } from './tls-texts.ts';
