export { type AccountState, nextState, verifyAct, verifyActs } from './account-state.ts';
export {
  type Act,
  type ActClaim,
  actHash,
  actHeaderBytes,
  actInvalid,
  parseAct,
  signAct,
} from './act.ts';
export type { Change } from './change.ts';
export {
  actHeaderBytesMax,
  actSignaturesMax,
  changedKeysMax,
  totpSecretBytes,
  vaultBytesMax,
} from './limits.ts';
export { type LoginProofClaim, loginProofBytes } from './login-proof.ts';
export { type OpeningKeys, passwordCostsMin, passwordKeys, recoveryKeys } from './password-keys.ts';
export { makeRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
export {
  type AccountSecrets,
  encodeSecrets,
  type PasswordCosts,
  parseSecrets,
  secretsHash,
} from './secrets.ts';
export { isCodeForm, totpCodeAt, totpStepOf, totpUri } from './totp.ts';
export type { UserChange, UserKeys } from './user-change.ts';
export { type ChangedKey, type Step, sudoKeyOf, type UserState } from './user-state.ts';
export { openVault, sealVault, type VaultName } from './vault.ts';
