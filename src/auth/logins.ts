import {
  type AccountSecrets,
  type LoginProofClaim,
  loginProofBytes,
  type PasswordCosts,
  parseSecrets,
  totpStepOf,
} from '../account/index.ts';
import {
  hmacSha256,
  KeyPair,
  macTags,
  type PublicKey,
  passphraseCosts,
  passphraseSaltBytes,
  signatureContexts,
} from '../crypto/index.ts';
import type { Owner, SignatureView } from '../event/index.ts';
import type { Accounts } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import type { AccountRecord } from './records.ts';

/** What logins are decided with. */
export interface LoginsOptions {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  /** Of MACs that only this service makes. 32 bytes. */
  readonly macKey: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/** What shows that a caller knows the password. */
export interface LoginProof {
  /** What the signature is tied to. */
  readonly claim: LoginProofClaim;
  readonly signature: SignatureView;
  /** A one-time code; undefined: none was given. */
  readonly code: string | undefined;
}

/** What a login gives. */
export interface LoginGrant {
  readonly record: AccountRecord;
  readonly secrets: AccountSecrets;
  /** Whether what the key of sudo opens is given out. */
  readonly isSudo: boolean;
}

/** Logins to accounts. Nothing tells accounts that there are from those that there aren't: same messages, same work, one refusal. */
export class Logins {
  readonly #options: LoginsOptions;
  /** Stands for the login key where there is none. */
  readonly #nobody: PublicKey = KeyPair.generate({ forSigningOnly: true }).publicKey;

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /**
   * How the password of an account is made into keys; where it has none, as if it had.
   *
   * @throws AtedbError LOGIN_LOCKED.
   */
  async begin({ text }: Owner, address: string | undefined): Promise<PasswordCosts> {
    const { accounts, attempts, macKey } = this.#options;
    await attempts.check({ what: 'login', account: text, address });
    const secrets = secretsOf(await accounts.find(text));
    const bytes = Buffer.from([macTags.unknownSalt, text].join('\0'));
    const salt = hmacSha256(macKey, bytes).subarray(0, passphraseSaltBytes);
    return secrets?.password ?? { ...passphraseCosts, salt };
  }

  /**
   * Let somebody in who knows the password, and with the second factor to what the key of sudo opens. Without a second factor the password
   * opens both.
   *
   * @throws AtedbError LOGIN_FAILED, LOGIN_LOCKED.
   */
  finish(proof: LoginProof, address: string | undefined): Promise<LoginGrant> {
    const { accounts, attempts, now } = this.#options;
    const { claim, signature, code } = proof;
    const { text } = claim.account;
    const attempt = { what: 'login', account: text, address } as const;
    return attempts.run<LoginGrant>(attempt, async ({ totpStep: after }) => {
      const record = await accounts.find(text);
      const secrets = secretsOf(record);
      const isSigned = await isSignedBy(secrets?.loginKey ?? this.#nobody, claim, signature);
      if (!isSigned || record === undefined || secrets === undefined) return { result: undefined };
      const { totpSecret } = secrets;
      if (totpSecret === undefined) return { result: { record, secrets, isSudo: true } };
      if (code === undefined) {
        return { result: { record, secrets, isSudo: false }, isPart: true };
      }
      const step = totpStepOf(code, totpSecret, { nowUnixMs: now(), after });
      if (step === undefined) return { result: undefined };
      return { result: { record, secrets, isSudo: true }, totpStep: step };
    });
  }
}

/** What an account logs in with; undefined where there is no such account, or it has no password. */
export function secretsOf(record: AccountRecord | undefined): AccountSecrets | undefined {
  return record?.secrets && parseSecrets(record.secrets);
}

async function isSignedBy(
  key: PublicKey,
  claim: LoginProofClaim,
  { suite, fingerprint, signature }: SignatureView,
): Promise<boolean> {
  const isNamed = key.suite === suite && key.fingerprint.equals(fingerprint);
  // Verified in any case, so that each refusal takes the same.
  const isGood = await key.verify(signatureContexts.login, loginProofBytes(claim), signature);
  return isNamed && isGood;
}
