import { fromBinary } from '@bufbuild/protobuf';
import {
  AuthService,
  CodeDelivery,
  CreateUserResponseSchema,
  DescribeAuthResponseSchema,
  SendCodeResponseSchema,
} from '../../gen/atedb/v1/auth_pb.js';
import { formerKeysMax } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair, type PassphraseCosts, sha256 } from '../crypto/index.ts';
import { type Owner, parseOwner } from '../event/index.ts';
import { nextAct, readAccount, submitAct, type VerifiedAccount } from './account-acts.ts';
import { openLogin } from './account-login.ts';
import { recoverAccount } from './account-recovery.ts';
import { checkPassword, makeRecovery, makeSecrets } from './account-secrets.ts';
import { openSudo } from './account-sudo.ts';
import type {
  AuthDescription,
  CreatedUser,
  LoggedIn,
  Login,
  NewCredentials,
  NewUser,
  Recovered,
  Recovery,
  RotatedKey,
  Sudo,
} from './account-types.ts';
import type { AccountsPlace } from './accounts-place.ts';
import type { CallOptions } from './cancellation.ts';

/** The accounts of an auth service. The server is never sent a password or a private key. */
export class AccountsClient {
  readonly #place: AccountsPlace;
  readonly #costs: PassphraseCosts;

  /**
   * @param place of the server that keeps them.
   * @param costs of passwords that are set.
   */
  constructor(place: AccountsPlace, costs: PassphraseCosts) {
    this.#place = place;
    this.#costs = costs;
  }

  /** How accounts are created here. @throws AtedbError UNSUPPORTED where the server has no accounts; CONNECTION_FAILED and others. */
  async describe(options: CallOptions = {}): Promise<AuthDescription> {
    const answer = await (await this.#place.transport()).unary(
      AuthService.method.describeAuth,
      {},
      options,
    );
    const { codeDelivery, terms, authServer } = fromBinary(DescribeAuthResponseSchema, answer);
    if (authServer !== '') {
      throw new AtedbError(
        'UNSUPPORTED',
        `the server keeps no accounts and no groups: it says that ${authServer} does. Connect to that one, or name it as the auth server`,
        { metadata: { auth_server: authServer } },
      );
    }
    const isMail = codeDelivery === CodeDelivery.MAIL;
    const isOperator = codeDelivery === CodeDelivery.OPERATOR;
    return { codesBy: isMail ? 'mail' : isOperator ? 'operator' : 'none', terms };
  }

  /**
   * Create a user.
   *
   * @throws AtedbError REQUEST_INVALID for a name or a password that can't be; ACCOUNT_EXISTS, SIGN_UP_CLOSED, TERMS_NOT_ACCEPTED,
   * ACCOUNT_LIMIT, MAIL_FAILED; CONNECTION_FAILED and others.
   */
  async create(user: NewUser): Promise<CreatedUser> {
    const { password, totpSecret, acceptedTerms, ...call } = user;
    const account = userOf(user.account);
    checkPassword(password);
    const key = user.key ?? KeyPair.generate();
    const sudoKey = KeyPair.generate({ forSigningOnly: true });
    const recovery = makeRecovery(account, [key, sudoKey]);
    const { message, hash } = await makeSecrets(account, {
      ...{ password, key, formerKeys: [], sudoKey, recoveryVault: recovery.vault, totpSecret },
      costs: this.#costs,
    });
    const fresh = { sudoKey: sudoKey.publicKey, recoveryKey: recovery.key.publicKey };
    const signers = [key, sudoKey, recovery.key];
    const claimed = user.key && (await this.#claimedBy(account, user.key, call));
    const transport = await this.#place.transport();
    const created = { key, recoveryCode: recovery.code };
    if (claimed !== undefined) {
      const kind = 'user_rotation';
      const change = { kind, key: undefined, ...fresh, secretsHash: hash } as const;
      await submitAct(transport, await nextAct(account, claimed, change, signers), message, call);
      return { ...created, isCodeSent: false, wasSentBefore: false };
    }
    const kind = 'user_creation';
    const change = { kind, key: key.publicKey, ...fresh, secretsHash: hash } as const;
    const request = {
      act: await nextAct(account, undefined, change, signers),
      secrets: message,
      ...(acceptedTerms && { acceptedTerms: sha256(Buffer.from(acceptedTerms)) }),
    };
    const answer = await transport.unary(AuthService.method.createUser, request, call);
    const { codeSent, sentBefore } = fromBinary(CreateUserResponseSchema, answer);
    return { ...created, isCodeSent: codeSent, wasSentBefore: sentBefore };
  }

  /**
   * Enter a code that was sent to an account.
   *
   * @param user.fingerprint of the user's key: whoever else has asked for the name does not get it.
   * @throws AtedbError CODE_INVALID, ACCOUNT_EXISTS, LOGIN_LOCKED; CONNECTION_FAILED and others.
   */
  async verify(
    user: { readonly account: string; readonly fingerprint: Buffer; readonly code: string },
    options: CallOptions = {},
  ): Promise<void> {
    const { fingerprint, code } = user;
    const account = userOf(user.account).text;
    const request = { account, fingerprint, code };
    await (await this.#place.transport()).unary(AuthService.method.verifyUser, request, options);
  }

  /**
   * Have a code sent to an account that is unverified, or that is created when one is entered.
   *
   * @param options.fingerprint of the key that the account was asked for with; needed where it isn't there yet.
   * @returns whether none was sent now, since as many were in the last day as may be: each of those counts.
   * @throws AtedbError ACCOUNT_UNKNOWN, SIGN_UP_CLOSED, ACCOUNT_LIMIT, MAIL_FAILED.
   */
  async sendCode(
    account: string,
    options: CallOptions & { readonly fingerprint?: Buffer } = {},
  ): Promise<{ readonly wasSentBefore: boolean }> {
    const { fingerprint, ...call } = options;
    const request = { account: userOf(account).text, ...(fingerprint && { fingerprint }) };
    const transport = await this.#place.transport();
    const answer = await transport.unary(AuthService.method.sendCode, request, call);
    return { wasSentBefore: fromBinary(SendCodeResponseSchema, answer).sentBefore };
  }

  /** Get an account's acts, verified. @throws AtedbError ACCOUNT_UNKNOWN, VERIFICATION_FAILED; CONNECTION_FAILED and others. */
  async read(account: string, options: CallOptions = {}): Promise<VerifiedAccount> {
    return readAccount(await this.#place.transport(), userOf(account), options);
  }

  /** Log in. @throws AtedbError as `openLogin`. */
  async login(login: Login): Promise<LoggedIn> {
    const { password, totpCode, ...call } = login;
    const account = userOf(login.account);
    using opened = await openLogin(
      await this.#place.transport(),
      { account, password, totpCode },
      call,
    );
    const { hasSecondFactor, unverified } = opened.grant;
    const { key, formerKeys } = opened;
    return { key, formerKeys, hasSecondFactor, isUnverified: unverified };
  }

  /**
   * Log in, and show the second factor, if there is one: for what changes the account.
   *
   * @throws AtedbError as `openLogin`; LOGIN_FAILED where the code is missing.
   */
  async sudo(login: Login): Promise<Sudo> {
    return (await this.#sudo(login)).sudo;
  }

  /**
   * Replace the password, the second factor or both.
   *
   * @throws AtedbError as `sudo`; VERSION_CONFLICT where the account was changed meanwhile; REQUEST_INVALID for a password that can't be.
   */
  async changeCredentials(login: Login, next: NewCredentials): Promise<Sudo> {
    const { password, totpCode: _code, ...call } = login;
    const account = userOf(login.account);
    if (next.password !== undefined) checkPassword(next.password);
    const transport = await this.#place.transport();
    const { sudo, secrets } = await this.#sudo(login);
    const totpSecret = next.totpSecret === undefined ? secrets.totpSecret : next.totpSecret;
    const made = await makeSecrets(account, {
      ...{ key: sudo.key, formerKeys: sudo.formerKeys, sudoKey: sudo.sudoKey },
      recoveryVault: secrets.recoveryVault,
      password: next.password ?? password,
      totpSecret: totpSecret ?? undefined,
      costs: this.#costs,
    });
    const change = { kind: 'secrets_change', secretsHash: made.hash } as const;
    const act = await nextAct(account, sudo.account.state, change, [sudo.sudoKey]);
    await submitAct(transport, act, made.message, call);
    return { ...sudo, hasSecondFactor: totpSecret !== null && totpSecret !== undefined };
  }

  /**
   * Replace the user's key, as one does whose key was stolen: the new one has its place in all chains of the user, and the old one counts nowhere any
   * more. It stays in the vaults, and opens what was sealed for it. The recovery code is replaced, too; password, second factor and the key of
   * sudo stay.
   *
   * @throws AtedbError as `sudo`; VERSION_CONFLICT where the account was changed meanwhile; TOO_MANY_KEYS.
   */
  async rotateKey(login: Login): Promise<RotatedKey> {
    const { password, totpCode: _code, ...call } = login;
    const account = userOf(login.account);
    const { sudo, secrets } = await this.#sudo(login);
    const { sudoKey } = sudo;
    const key = KeyPair.generate();
    const formerKeys = [sudo.key, ...sudo.formerKeys].slice(0, formerKeysMax);
    const recovery = makeRecovery(account, [key, sudoKey, ...formerKeys]);
    const made = await makeSecrets(account, {
      ...{ password, key, formerKeys, sudoKey, recoveryVault: recovery.vault },
      totpSecret: secrets.totpSecret,
      costs: this.#costs,
    });
    const change = {
      kind: 'user_rotation',
      ...{ key: key.publicKey, sudoKey: undefined, recoveryKey: recovery.key.publicKey },
      secretsHash: made.hash,
    } as const;
    const act = await nextAct(account, sudo.account.state, change, [sudoKey, key, recovery.key]);
    await submitAct(await this.#place.transport(), act, made.message, call);
    return { key, formerKeys, sudoKey, recoveryCode: recovery.code };
  }

  /**
   * Have a delegated key count no more in any chain of a user, also in those to come.
   *
   * @param fingerprint of the delegated key.
   * @param key the user's, or that of sudo.
   * @throws AtedbError ACCOUNT_UNKNOWN, ACT_NOT_ALLOWED for another key, ACT_INVALID where it was taken back already, TOO_MANY_KEYS, VERSION_CONFLICT;
   * VERIFICATION_FAILED, CONNECTION_FAILED and others.
   */
  async revokeDelegation(
    account: string,
    fingerprint: Buffer,
    key: KeyPair,
    options: CallOptions = {},
  ): Promise<void> {
    const transport = await this.#place.transport();
    const { state } = await readAccount(transport, userOf(account), options);
    const change = { kind: 'delegation_revocation', fingerprint } as const;
    const act = await nextAct(state.account, state, change, [key]);
    await submitAct(transport, act, undefined, options);
  }

  /** Remove an account, for good. Its chains take nothing any more. @throws AtedbError as `sudo`; VERSION_CONFLICT. */
  async remove(login: Login): Promise<void> {
    const { password: _password, totpCode: _code, ...call } = login;
    const account = userOf(login.account);
    const { sudoKey, account: verified } = await this.sudo(login);
    const act = await nextAct(account, verified.state, { kind: 'user_removal' }, [sudoKey]);
    await submitAct(await this.#place.transport(), act, undefined, call);
  }

  /**
   * Recover an account with its recovery code, and where codes are sent with one of those. It gets a new password, a new recovery code,
   * and another second factor or none.
   *
   * @throws AtedbError LOGIN_FAILED, LOGIN_LOCKED; REQUEST_INVALID for a code or a password that can't be; VERIFICATION_FAILED; CONNECTION_FAILED
   * and others.
   */
  async recover(recovery: Recovery): Promise<Recovered> {
    checkPassword(recovery.newPassword);
    const account = userOf(recovery.account);
    return recoverAccount(
      { transport: await this.#place.transport(), costs: this.#costs },
      account,
      recovery,
    );
  }

  async #sudo(login: Login) {
    const { password, totpCode, ...call } = login;
    const account = userOf(login.account);
    const transport = await this.#place.transport();
    using opened = await openLogin(transport, { account, password, totpCode }, call);
    // Awaited here: what the password was made into is wiped behind it.
    return await openSudo(transport, account, opened, call);
  }

  /** An account that has a key and no password, if this is the key. */
  async #claimedBy(account: Owner, key: KeyPair, options: CallOptions) {
    try {
      const { state } = await readAccount(await this.#place.transport(), account, options);
      const isOwn = state.key.fingerprint.equals(key.publicKey.fingerprint);
      return isOwn && state.secretsHash === undefined && !state.isRemoved ? state : undefined;
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'ACCOUNT_UNKNOWN') return undefined;
      throw error;
    }
  }
}

function userOf(name: string): Owner {
  const owner = parseOwner(name);
  if (owner.kind === 'user') return owner;
  throw new AtedbError('REQUEST_INVALID', `${name} is a group; a user is name@domain`, {
    metadata: { field: 'account', account: name },
  });
}
