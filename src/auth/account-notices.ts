import type { Change } from '../account/index.ts';
import type { TakenAct } from './accounts.ts';
import type { CodeSender } from './code-sender.ts';

/** What is told to whoever has an account, when it was changed in a way that somebody else may want. */
export interface AccountNotice {
  /** The account's name, which is its mail address. */
  readonly account: string;
  /** What was done, in words. */
  readonly what: string;
  /** By the server's clock: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** Tells users by mail what was done to their accounts, where the service sends mail. */
export class AccountNotices {
  readonly #sender: CodeSender | undefined;
  readonly #now: () => number;

  constructor(options: {
    readonly sender: CodeSender | undefined;
    /** Milliseconds since 1970-01-01 UTC. */
    readonly now: () => number;
  }) {
    this.#sender = options.sender;
    this.#now = options.now;
  }

  /** An act was taken. Nobody waits for the mail, and the act stands whatever becomes of it. Never throws. */
  taken({ act, record, isRecovery }: TakenAct): void {
    const what = whatOf(act.change, isRecovery);
    // What nobody has shown to be theirs may be somebody else's address.
    if (what === undefined || record.isUnverified) return;
    const notice = { account: act.account.text, what, timeUnixMs: this.#now() };
    // The sender has told the operator.
    void this.#sender?.notify?.(notice).catch(() => undefined);
  }
}

/** What an act has done, where its user has to know. */
function whatOf(change: Change, isRecovery: boolean): string | undefined {
  if (isRecovery) return 'it was recovered, with the recovery code';
  switch (change.kind) {
    case 'secrets_change':
      return 'the password or the second factor was changed';
    case 'user_rotation':
      return 'keys were replaced';
    case 'user_removal':
      return 'it was removed';
    default:
      return undefined;
  }
}

/** Words for whoever reads a notice. */
export function noticeText({ account, what, timeUnixMs }: AccountNotice): string {
  return [
    `The account ${account} was changed,`,
    `at ${new Date(timeUnixMs).toISOString()}:`,
    '',
    `    ${what}`,
    '',
    'If that was you, there is nothing to do. If it was not, somebody has',
    'your password or your recovery code: recover the account with your',
    'newest recovery code (atedb user recover), or tell the operator of',
    'the server.',
    '',
  ].join('\n');
}
