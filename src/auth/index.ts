export {
  type AccountService,
  type AccountServiceOptions,
  authSecretPath,
  openAccountService,
} from './account-service.ts';
export { Accounts, accountUnknown, type Submission } from './accounts.ts';
export { type CodeMessage, type CodeSender, codeText } from './code-sender.ts';
export { EmbeddedOwners, type EmbeddedOwnersOptions } from './embedded-owners.ts';
export type { LoginGrant } from './logins.ts';
export { type MailOptions, MailSender } from './mail-sender.ts';
export { type AccountNotes, ownerKeysOf } from './owner-keys.ts';
export type {
  OwnerAccounts,
  OwnerKeys,
  OwnerQuery,
  OwnerReply,
  OwnerSource,
  RetiredKey,
} from './owner-source.ts';
export type { AccountRecord } from './records.ts';
export { type AnswerSigner, signAnswer } from './sign-answer.ts';
export type { SignedUp } from './sign-ups.ts';
