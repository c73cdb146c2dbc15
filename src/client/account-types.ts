import type { KeyPair } from '../crypto/index.ts';
import type { VerifiedAccount } from './account-acts.ts';
import type { CallOptions } from './cancellation.ts';

/** How accounts are created at a server. */
export interface AuthDescription {
  /** How the codes reach users that verify their names; `none`: users are created on the server's own machine, and stay unverified. */
  readonly codesBy: 'none' | 'mail' | 'operator';
  /** What users have to accept; empty: nothing. */
  readonly terms: string;
}

/** A user to be created. */
export interface NewUser extends CallOptions {
  /** `name@domain`. */
  readonly account: string;
  readonly password: string;
  /** The user's key. Default: a new one. One that has claimed the name at the server gets a password. */
  readonly key?: KeyPair | undefined;
  /** Secret of a second factor, 16 to 64 bytes: see `makeTotpSecret`. Default: there is none. */
  readonly totpSecret?: Buffer | undefined;
  /** The terms that the user has accepted, as `describe` gave them. */
  readonly acceptedTerms?: string | undefined;
}

/** A user that was created. */
export interface CreatedUser {
  readonly key: KeyPair;
  /** To be shown once, and kept by the user: it recovers the account. A secret. */
  readonly recoveryCode: string;
  /** Whether a code was sent: the user is there when `verify` has entered it. */
  readonly isCodeSent: boolean;
  /** None was sent now, since as many were in the last day as may be: each of those counts, also where somebody else has asked for it. */
  readonly wasSentBefore: boolean;
}

/** Somebody who logs in. */
export interface Login extends CallOptions {
  /** `name@domain`. */
  readonly account: string;
  readonly password: string;
  /** A one-time code of the second factor, six digits. */
  readonly totpCode?: string | undefined;
}

/** Somebody who has logged in. */
export interface LoggedIn {
  readonly key: KeyPair;
  /** Those that the user had before, the newest first: they open what was sealed for them, and write nothing. */
  readonly formerKeys: readonly KeyPair[];
  readonly hasSecondFactor: boolean;
  /** Nobody has shown that the name is the user's. */
  readonly isUnverified: boolean;
}

/** Somebody who has also shown the second factor, if there is one. */
export interface Sudo extends LoggedIn {
  /** What acts on the account are signed with. */
  readonly sudoKey: KeyPair;
  readonly account: VerifiedAccount;
}

/** What is replaced, of what a user logs in with; what is absent stays. */
export interface NewCredentials {
  readonly password?: string | undefined;
  /** null: there is no second factor any more. */
  readonly totpSecret?: Buffer | null | undefined;
}

/** An account whose password or second factor is lost. */
export interface Recovery extends CallOptions {
  /** `name@domain`. */
  readonly account: string;
  /** As it was shown. */
  readonly recoveryCode: string;
  readonly newPassword: string;
  /** Secret of the new second factor. Default: there is none any more. */
  readonly totpSecret?: Buffer | undefined;
  /** Asked for the code that was sent to the account, where one was; told whether none was sent now, since as many were in the last day as may be. */
  readonly askCode: (sent: { readonly wasSentBefore: boolean }) => Promise<string>;
}

/** An account that was recovered. */
export interface Recovered {
  readonly key: KeyPair;
  /** As `LoggedIn` has them. */
  readonly formerKeys: readonly KeyPair[];
  /** The new one; the one before counts no more. To be shown once. A secret. */
  readonly recoveryCode: string;
}

/** A user whose key was replaced. */
export interface RotatedKey {
  readonly key: KeyPair;
  /** As `LoggedIn` has them: the one that was replaced is the first. */
  readonly formerKeys: readonly KeyPair[];
  readonly sudoKey: KeyPair;
  /** The new one; the one before counts no more. To be shown once. A secret. */
  readonly recoveryCode: string;
}
