import type { AccountNotice } from './account-notices.ts';

/** A code that is to reach whoever has an account. */
export interface CodeMessage {
  /** The account's name, which is its mail address. */
  readonly account: string;
  /** As it is typed. A secret: it goes to whoever has the account, and nowhere else. */
  readonly code: string;
  /** What it is for, in words that complete "To …, enter". */
  readonly about: string;
}

/** How codes reach people. */
export interface CodeSender {
  /** What users are told of how they get it. */
  readonly how: 'mail' | 'operator';
  /** @throws AtedbError MAIL_FAILED. */
  send(message: CodeMessage): Promise<void>;
  /** Tell a user what was done to the account. Absent: only codes reach them. @throws AtedbError MAIL_FAILED. */
  notify?(notice: AccountNotice): Promise<void>;
}

/** Words for whoever reads a code. */
export function codeText({ account, code, about }: CodeMessage): string {
  return [
    `To ${about}, enter this code:`,
    '',
    `    ${code}`,
    '',
    `It counts for a day, and for the account ${account} alone. If you have not asked for it, do nothing: without the code nothing happens.`,
    '',
  ].join('\n');
}
