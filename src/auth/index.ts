export { EmbeddedOwners, type EmbeddedOwnersOptions } from './embedded-owners.ts';
export { type AccountNotes, ownerKeysOf } from './owner-keys.ts';
export type {
  OwnerAccounts,
  OwnerKeys,
  OwnerQuery,
  OwnerReply,
  OwnerSource,
  RetiredKey,
} from './owner-source.ts';
export { type AnswerSigner, signAnswer } from './sign-answer.ts';
