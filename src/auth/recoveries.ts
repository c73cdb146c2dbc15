import { type Act, type LoginProofClaim, loginProofBytes } from '../account/index.ts';
import { KeyPair, type PublicKey, signatureContexts } from '../crypto/index.ts';
import type { SignatureView } from '../event/index.ts';
import type { Accounts } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import type { AccountRecord } from './records.ts';
import type { Asker, CodeSent, SentCodes } from './sent-codes.ts';

/** What recoveries are decided with. */
export interface RecoveriesOptions {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  /** Absent: nothing is sent, and the recovery code alone recovers an account. */
  readonly codes: SentCodes | undefined;
}

/** Recoveries of accounts whose password or second factor is lost, by the recovery code and, where codes are sent, one that was sent. */
export class Recoveries {
  readonly #options: RecoveriesOptions;
  readonly #nobody: PublicKey = KeyPair.generate({ forSigningOnly: true }).publicKey;

  constructor(options: RecoveriesOptions) {
    this.#options = options;
  }

  /** Refuse where nothing is tried now. @throws AtedbError LOGIN_LOCKED. */
  begin(account: string, address: string | undefined): Promise<void> {
    return this.#options.attempts.check({ what: 'recovery', account, address });
  }

  /**
   * Check that a caller has the recovery code, and send another one where they are sent.
   *
   * @param asker who is calling.
   * @returns the account, and whether a code was sent, which is wanted next; undefined: none is.
   * @throws AtedbError LOGIN_FAILED, LOGIN_LOCKED; MAIL_FAILED.
   */
  async prove(
    claim: LoginProofClaim,
    signature: SignatureView,
    asker: Asker,
  ): Promise<{ record: AccountRecord; sent: CodeSent | undefined }> {
    const { accounts, attempts, codes } = this.#options;
    const { text } = claim.account;
    const address = asker.isLocal ? undefined : asker.address;
    const attempt = { what: 'recovery', account: text, address } as const;
    const record = await attempts.run(attempt, async () => {
      const found = await accounts.find(text);
      const isThere = found?.secrets !== undefined;
      const user = isThere && found.state.kind === 'user' ? found.state : undefined;
      const key = user?.recoveryKey ?? this.#nobody;
      const isNamed =
        key.suite === signature.suite && key.fingerprint.equals(signature.fingerprint);
      const bytes = loginProofBytes(claim);
      const isGood = await key.verify(signatureContexts.recovery, bytes, signature.signature);
      // Where a code is sent, too, this is but a part of what is to be shown.
      return { result: isNamed && isGood ? found : undefined, isPart: codes !== undefined };
    });
    const sent = await codes?.send(text, 'recovery', `recover the account ${text}`, asker);
    return { record, sent };
  }

  /** Check the code that was sent; wrong ones count as tries. @throws AtedbError LOGIN_FAILED, LOGIN_LOCKED. */
  async confirm(account: string, code: string, address: string | undefined): Promise<void> {
    const { attempts, codes } = this.#options;
    await attempts.run({ what: 'recovery', account, address }, async () => {
      const isRight = codes === undefined || (await codes.check(account, 'recovery', code));
      return { result: isRight ? true : undefined };
    });
  }

  /** Have the account changed by whoever has shown all of that. @throws AtedbError as `Accounts.submit`. */
  finish(act: Act, secrets: Buffer | undefined): Promise<AccountRecord> {
    return this.#options.accounts.submit({ act, secrets, isRecovery: true, isUnverified: false });
  }
}
