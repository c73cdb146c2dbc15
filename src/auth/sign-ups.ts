import { type Act, parseAct, parseSecrets, secretsHash, verifyAct } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { sha256 } from '../crypto/index.ts';
import { type Accounts, accountUnknown } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import type { RecordStore } from './record-store.ts';
import { decodeSignUp, encodeSignUp } from './records.ts';
import { type Asker, type CodeSent, codeInvalid, type SentCodes } from './sent-codes.ts';

/** What accounts are created with. */
export interface SignUpsOptions {
  readonly store: RecordStore;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  /** Absent: nothing is sent, and only callers on the server's own machine create accounts, which stay unverified. */
  readonly codes: SentCodes | undefined;
  /** What users have to accept. Absent: nothing. */
  readonly terms: string | undefined;
}

/** A user that is to be created. */
export interface SignUp {
  readonly act: Act;
  /** An AccountSecrets message. */
  readonly secrets: Buffer;
  /** Hash of the terms that the user accepts; empty: none. */
  readonly acceptedTerms: Buffer;
}

/** What has become of it: the user is created, or is when a code is entered. */
export type SignedUp = 'created' | CodeSent;

/** Creates users: at once, or when they have shown that the mail address that is their name is theirs. */
export class SignUps {
  readonly #options: SignUpsOptions;
  /** SHA-256 of the terms; undefined: there are none. */
  readonly termsHash: Buffer | undefined;

  constructor(options: SignUpsOptions) {
    this.#options = options;
    this.termsHash = options.terms === undefined ? undefined : sha256(Buffer.from(options.terms));
  }

  /**
   * Create a user. Where codes are sent it is created by `verify`; until then anybody else may ask for the name too, and whoever enters a
   * code that was sent has it: which of them has asked for that code makes no difference.
   *
   * @throws AtedbError SIGN_UP_CLOSED, TERMS_NOT_ACCEPTED, ACCOUNT_LIMIT, ACCOUNT_EXISTS, MAIL_FAILED; as `Accounts.submit`.
   */
  async create({ act, secrets, acceptedTerms }: SignUp, asker: Asker): Promise<SignedUp> {
    const { store, accounts, attempts, codes } = this.#options;
    const { text } = act.account;
    if (codes === undefined && !asker.isLocal) throw closed(text);
    this.#checkTerms(acceptedTerms);
    const creation = creationOf(act, secrets);
    const there = await accounts.find(text);
    const isUnverified = codes === undefined;
    const submission = { act, secrets, isUnverified, isRecovery: false };
    if (there !== undefined) {
      // It says that the name is taken, or that it was taken by this very act.
      await accounts.submit(submission);
      return 'created';
    }
    await attempts.countSignUp(asker.address, asker.isLocal);
    if (codes === undefined) {
      await accounts.submit(submission);
      return 'created';
    }
    // What isn't whole isn't kept, and no mail is sent for it.
    await verifyAct(undefined, act);
    const { fingerprintHex: fingerprint } = creation.key;
    const name = { kind: 'sign_up', about: text, fingerprint } as const;
    await store.put([
      { name, data: encodeSignUp({ act: act.bytes, secrets, createdUnixMs: this.#options.now() }) },
    ]);
    return codes.send(text, 'name', aboutCreation(text), asker);
  }

  /**
   * Create a user who has entered a code, or have it known that the name of one is its own.
   *
   * @param of.fingerprint of the user's key, in hexadecimal.
   * @param of.address of the caller, as an attempt has it.
   * @throws AtedbError CODE_INVALID, LOGIN_LOCKED; as `Accounts.submit`.
   */
  async verify(of: {
    readonly account: string;
    readonly fingerprint: string;
    readonly code: string;
    readonly address: string | undefined;
  }): Promise<void> {
    const { store, accounts, codes } = this.#options;
    const { account, fingerprint } = of;
    if (codes === undefined) throw codeInvalid();
    const there = await accounts.find(account);
    const isUser = there?.state.kind === 'user';
    if (isUser && there.state.key.fingerprintHex === fingerprint) {
      // The answer may have been lost, and that there is this user anybody may know.
      if (!there.isUnverified) return;
      await this.#enter(codes, of);
      await accounts.verified(account);
      return;
    }
    const data = await store.get({ kind: 'sign_up', about: account, fingerprint });
    await this.#enter(data && codes, of);
    // What was entered is right, so there is something that it was entered for.
    const { act, secrets } = decodeSignUp(data as Buffer);
    const parsed = parseAct(act);
    await accounts.submit({ act: parsed, secrets, isUnverified: false, isRecovery: false });
  }

  /** Check a code, and count those that are wrong. @param codes undefined: whatever is entered is. */
  #enter(
    codes: SentCodes | undefined,
    of: {
      readonly account: string;
      readonly code: string;
      readonly address: string | undefined;
    },
  ): Promise<true> {
    const { account, address, code } = of;
    const attempt = { what: 'code', account, address, refusal: codeInvalid } as const;
    return this.#options.attempts.run(attempt, async () => {
      const isRight = (await codes?.check(account, 'name', code)) === true;
      return { result: isRight ? true : undefined };
    });
  }

  /**
   * Send a code to a user whose name is not known to be its own, or who has asked for the name.
   *
   * @param fingerprint of the key that the name was asked for with, in hexadecimal; undefined: there is an account.
   * @throws AtedbError ACCOUNT_UNKNOWN, SIGN_UP_CLOSED, ACCOUNT_LIMIT, MAIL_FAILED.
   */
  async sendCode(
    account: string,
    asker: Asker,
    fingerprint?: string,
  ): Promise<CodeSent | 'not_due'> {
    const { store, accounts, attempts, codes, now } = this.#options;
    const record = await accounts.find(account);
    const name = { kind: 'sign_up', about: account, fingerprint: fingerprint ?? '' } as const;
    const waiting = record === undefined && fingerprint ? await store.get(name) : undefined;
    if (record === undefined && waiting === undefined) throw accountUnknown(account);
    if (codes === undefined) throw closed(account);
    // There is nothing to verify, and so nothing to send.
    if (record !== undefined && !record.isUnverified) return 'not_due';
    await attempts.countSignUp(asker.address, asker.isLocal);
    if (waiting === undefined) {
      const about = `have it known that the account ${account} is yours`;
      return codes.send(account, 'name', about, asker);
    }
    // It is kept as long as the code counts.
    const again = { ...decodeSignUp(waiting), createdUnixMs: now() };
    await store.put([{ name, data: encodeSignUp(again) }]);
    return codes.send(account, 'name', aboutCreation(account), asker);
  }

  #checkTerms(accepted: Buffer): void {
    const { termsHash } = this;
    if (termsHash === undefined || accepted.equals(termsHash)) return;
    throw new AtedbError(
      'TERMS_NOT_ACCEPTED',
      `whoever has an account here accepts the terms with the SHA-256 ${termsHash.toString('hex')}: read them (DescribeAuth), and accept them`,
      { metadata: { terms_sha256: termsHash.toString('hex') } },
    );
  }
}

/** What a code is for that creates an account, for whoever reads it. */
function aboutCreation(account: string): string {
  return `have the account ${account}`;
}

/** What creates a user with a password. @throws AtedbError ACT_INVALID; as `parseSecrets`. */
function creationOf({ change }: Act, secrets: Buffer) {
  if (change.kind !== 'user_creation' || change.secretsHash === undefined) {
    throw new AtedbError('ACT_INVALID', 'the act does not create a user with a password');
  }
  parseSecrets(secrets);
  if (secretsHash(secrets).equals(change.secretsHash)) return change;
  throw new AtedbError('ACT_INVALID', 'the secrets do not have the hash that the act names');
}

export function closed(account: string): AtedbError {
  return new AtedbError(
    'SIGN_UP_CLOSED',
    `this server sends no codes, and so can't check whose ${account} is: accounts are created on its own machine only, over a loopback address. Create it there, or have its operator configure mail (--smtp-url) or show codes (--show-codes)`,
    { metadata: { account } },
  );
}
