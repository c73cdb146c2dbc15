export {
  type AccountState,
  accountExists,
  nextState,
  verifyAct,
  verifyActs,
} from './account-state.ts';
export {
  type Act,
  type ActClaim,
  actHash,
  actHeaderBytes,
  parseAct,
  signAct,
} from './act.ts';
export { actInvalid } from './act-invalid.ts';
export type { Change } from './change.ts';
export {
  type GroupAct,
  type GroupMember,
  isGroupAct,
  type RoleChange,
  type RoleWrap,
} from './group-change.ts';
export { type GroupProofClaim, groupProofBytes } from './group-proof.ts';
export { actKeyOf, type GroupState, openersOf, type Role, roleOf } from './group-state.ts';
export {
  actHeaderBytesMax,
  actSignaturesMax,
  actsBytesMax,
  actsMax,
  changedKeysMax,
  formerKeysMax,
  totpSecretBytes,
  vaultBytesMax,
} from './limits.ts';
export { type LoginProofClaim, loginProofBytes } from './login-proof.ts';
export { isOwnersAct } from './owner-acts.ts';
export { type OpeningKeys, passwordCostsMin, passwordKeys, recoveryKeys } from './password-keys.ts';
export { makeRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
export { openRole, type WrappedRole, wrapRole } from './role-wraps.ts';
export { groupRoles, includesRole, roleAbove } from './roles.ts';
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
