import { accountExists, parseRecoveryCode } from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { type AtedbClient, checkPassword, type KeyPair } from '../client/index.ts';
import { identityHome, readLogin } from '../store/index.ts';
import type { AccountTarget } from './account-flags.ts';
import { readNewSecret, readSecret, secretInputs } from './account-input.ts';
import { type AccountSession, forgetLogin, keepLogin, openSession } from './account-session.ts';
import { UsageError } from './errors.ts';
import { type Output, runWithOutput } from './output.ts';
import { askHidden } from './prompt.ts';
import { isoTime, safeLines, safeText } from './safe-text.ts';
import { confirmSecondFactor, newSecondFactor, type SecondFactor } from './second-factor.ts';
import { type PasswordSettings, recoveryWords, say, withSudo } from './with-sudo.ts';

/** Create a user, and log in. */
export async function createUser(settings: {
  readonly target: AccountTarget;
  readonly passwordFile: string | undefined;
  readonly key: string | undefined;
  readonly code: string | undefined;
  readonly secondFactor: boolean;
  readonly acceptTerms: boolean;
}): Promise<void> {
  const { target, passwordFile, acceptTerms } = settings;
  const { json } = target;
  await runWithOutput(async (output) => {
    await using session = await openSession(target);
    const { client, account } = session;
    const { terms } = await client.accounts.describe();
    const acceptedTerms = await acceptedOf(output, terms, acceptTerms);
    const key = await keyFor(session, settings.key);
    const input = { ...secretInputs.password, file: passwordFile };
    const password = await readNewSecret(input, `Password for ${account}: `, checkPassword);
    const factor = settings.secondFactor ? newSecondFactor() : undefined;
    if (factor !== undefined && !json) await confirmSecondFactor(output, account, factor);
    const totpSecret = factor?.secret;
    const user = { account, password, key, totpSecret, acceptedTerms };
    const made = await client.accounts.create(user);
    const { fingerprintHex } = made.key.publicKey;
    const { recoveryCode, isCodeSent } = made;
    const shown = { account, fingerprint: fingerprintHex, recoveryCode, codeSent: isCodeSent };
    output.write(
      json
        ? `${JSON.stringify({ ...shown, totpSecret: factor?.text })}\n`
        : createdWords(account, fingerprintHex, recoveryCode),
    );
    // Kept before the code is entered: the code counts for this key.
    await keepLogin(session, { key: made.key, formerKeys: [] });
    const { fingerprint } = made.key.publicKey;
    if (isCodeSent) await enterCode(output, session, fingerprint, { ...settings, ...made });
  });
}

/** Enter the code that was sent to an account. */
export async function verifyUser(settings: {
  readonly target: AccountTarget;
  readonly code: string | undefined;
  readonly send: boolean;
}): Promise<void> {
  const { target, send } = settings;
  await runWithOutput(async (output) => {
    await using session = await openSession(target);
    const { client, account, store, login } = session;
    if (login?.account !== account) {
      throw new UsageError(
        `the account goes to the key that it was asked for with, and nobody is logged in here as ${account}; log in first (atedb login ${account}), or create the user again`,
      );
    }
    const { publicKey } = await store.describe(login.key);
    const there = await findUser(client, account);
    const isOwn = there?.state.key.fingerprintHex === publicKey.fingerprintHex;
    if (isOwn && there?.isUnverified === false) {
      const words = `${account} is verified already`;
      return say(output, target, { account, verified: true }, words);
    }
    if (there !== undefined && !isOwn) throw accountExists(there.state);
    const { fingerprint } = publicKey;
    const sent = send ? await client.accounts.sendCode(account, { fingerprint }) : undefined;
    await enterCode(output, session, fingerprint, { ...settings, ...sent, mustAsk: true });
  });
}

/** Log in: fetch the user's key, and have it used by all commands that name none. */
export async function logIn(settings: PasswordSettings): Promise<void> {
  const { target, passwordFile, totp: totpCode } = settings;
  await runWithOutput(async (output) => {
    await using session = await openSession(target);
    const { client, account } = session;
    const input = { ...secretInputs.password, file: passwordFile };
    const password = await readSecret(input, `Password of ${account}: `);
    const found = await client.accounts.login({ account, password, totpCode });
    const login = await keepLogin(session, found);
    const { fingerprintHex: fingerprint } = found.key.publicKey;
    const unverified = found.isUnverified;
    const { codesBy } = unverified ? await client.accounts.describe() : { codesBy: 'none' };
    // Where no codes are sent nothing can be done about it.
    const advice = codesBy === 'none' ? '' : ': atedb user verify';
    const shown = { account, server: login.server, fingerprint, key: login.key, unverified };
    output.write(
      target.json
        ? `${JSON.stringify(shown)}\n`
        : `logged in as ${account} at ${login.server}, with the key ${fingerprint}${unverified ? `\nnobody has checked that the name is yours${advice}` : ''}\n`,
    );
  });
}

/** Log out: forget the key that logging in has fetched. */
export async function logOut({ json }: { readonly json: boolean }): Promise<void> {
  const home = identityHome(process.env);
  const login = await readLogin(home);
  if (login !== undefined) await forgetLogin(home, login);
  await runWithOutput(async (output) => {
    const { account } = login ?? {};
    const words = account === undefined ? 'nobody was logged in\n' : `logged out ${account}\n`;
    output.write(json ? `${JSON.stringify({ account })}\n` : words);
  });
}

/** Tell who is logged in, without asking the server. @throws AtedbError NOT_LOGGED_IN. */
export async function whoAmI({ json }: { readonly json: boolean }): Promise<void> {
  const home = identityHome(process.env);
  const login = await readLogin(home);
  if (login === undefined) {
    throw new AtedbError(
      'NOT_LOGGED_IN',
      'nobody is logged in; log in with: atedb login NAME@DOMAIN',
    );
  }
  const { account, server, key } = login;
  const { IdentityStore } = await import('../store/index.ts');
  const { publicKey, path } = await new IdentityStore(home).describe(key);
  const { fingerprintHex: fingerprint } = publicKey;
  await runWithOutput(async (output) => {
    output.write(
      json
        ? `${JSON.stringify({ account, server, fingerprint, key, file: path })}\n`
        : `account      ${account}\nserver       ${server}\nfingerprint  ${fingerprint}\nkey          ${key}\nfile         ${path}\n`,
    );
  });
}

/** Replace the password. */
export async function changePassword(
  settings: PasswordSettings & { readonly newPasswordFile: string | undefined },
): Promise<void> {
  const { target, newPasswordFile } = settings;
  await withSudo(settings, async (output, session, again) => {
    const { account, client } = session;
    const input = { ...secretInputs.newPassword, file: newPasswordFile };
    const password = await readNewSecret(input, `New password of ${account}: `, checkPassword);
    await client.accounts.changeCredentials(await again(), { password });
    say(output, target, { account, changed: 'password' }, `the password of ${account} was changed`);
  });
}

/** Have another second factor, or none. */
export async function changeSecondFactor(
  settings: PasswordSettings & { readonly isOn: boolean },
): Promise<void> {
  const { target, isOn } = settings;
  await withSudo(settings, async (output, { account, client }, again) => {
    const login = await again();
    let factor: SecondFactor | undefined;
    if (isOn) {
      factor = newSecondFactor();
      if (!target.json) await confirmSecondFactor(output, account, factor);
    }
    await client.accounts.changeCredentials(login, { totpSecret: factor?.secret ?? null });
    const words = isOn ? 'has another second factor' : 'has no second factor any more';
    const fields = { account, secondFactor: isOn, totpSecret: factor?.text };
    say(output, target, fields, `${account} ${words}`);
  });
}

/** Recover an account whose password or second factor is lost, and log in. */
export async function recoverUser(settings: {
  readonly target: AccountTarget;
  readonly newPasswordFile: string | undefined;
  readonly recoveryCodeFile: string | undefined;
  readonly code: string | undefined;
  readonly secondFactor: boolean;
}): Promise<void> {
  const { target, code } = settings;
  await runWithOutput(async (output) => {
    await using session = await openSession(target);
    const { client, account } = session;
    const codeInput = { ...secretInputs.recoveryCode, file: settings.recoveryCodeFile };
    const recoveryCode = await readSecret(codeInput, `Recovery code of ${account}: `);
    // Before a password is asked for: it may be mistyped.
    parseRecoveryCode(recoveryCode).fill(0);
    const input = { ...secretInputs.newPassword, file: settings.newPasswordFile };
    const newPassword = await readNewSecret(input, `New password of ${account}: `, checkPassword);
    const factor = settings.secondFactor ? newSecondFactor() : undefined;
    if (factor !== undefined && !target.json) await confirmSecondFactor(output, account, factor);
    const recovered = await client.accounts.recover({
      ...{ account, recoveryCode, newPassword, totpSecret: factor?.secret },
      askCode: async ({ wasSentBefore }) => {
        if (wasSentBefore) process.stderr.write(sentBeforeWords);
        return code ?? (await askCode(account));
      },
    });
    await keepLogin(session, recovered);
    const fields = { account, recoveryCode: recovered.recoveryCode, totpSecret: factor?.text };
    const words = `${account} was recovered\n${recoveryWords(recovered.recoveryCode)}`;
    say(output, target, fields, words.trimEnd());
  });
}

/** Remove an account, for good. */
export async function removeUser(
  settings: PasswordSettings & { readonly isSure: boolean },
): Promise<void> {
  const { target, isSure } = settings;
  await withSudo(settings, async (output, { account, client, home, login }, again) => {
    if (!isSure) {
      process.stderr.write(
        `${account} will be gone for good: its chains can be read and take nothing more, and nobody can have the name again\n`,
      );
      const hint = 'say --yes';
      const typed = await askHidden('To remove it, type its name: ', hint, 'name');
      if (typed.trim() !== account)
        throw new UsageError('that is another name; nothing was removed');
    }
    await client.accounts.remove(await again());
    if (login?.account === account) await forgetLogin(home, login);
    say(output, target, { account, removed: true }, `${account} was removed`);
  });
}

/** Show what anybody may know of a user: what its acts say, verified. */
export async function showUser({ target }: { readonly target: AccountTarget }): Promise<void> {
  await runWithOutput(async (output) => {
    await using session = await openSession(target);
    const { account } = session;
    const { state, acts, isUnverified } = await session.client.accounts.read(account);
    const created = isoTime(acts[0]?.timeUnixMs ?? 0);
    const { fingerprintHex: fingerprint } = state.key;
    const hasPassword = state.secretsHash !== undefined;
    const fields = {
      ...{ account, fingerprint, created, acts: acts.length, password: hasPassword },
      ...{ unverified: isUnverified, removed: state.isRemoved },
    };
    const words = [
      `account      ${account}`,
      `fingerprint  ${fingerprint}`,
      `created      ${created}, as its maker says`,
      `acts         ${acts.length}, verified`,
      `password     ${hasPassword ? 'yes' : 'none: the key alone'}`,
      `name         ${isUnverified ? 'nobody has checked that it is theirs' : 'checked, as the server says'}`,
      ...(state.isRemoved ? ['removed      for good'] : []),
    ];
    say(output, target, fields, words.join('\n'));
  });
}

async function acceptedOf(
  output: Output,
  terms: string,
  isAccepted: boolean,
): Promise<string | undefined> {
  if (terms === '' || isAccepted) return terms === '' ? undefined : terms;
  await output.write(`${safeLines(terms).trimEnd()}\n`);
  await output.flush();
  const typed = await askHidden(
    'Do you accept these terms? Type yes: ',
    'say --accept-terms',
    'word',
  );
  if (typed.trim().toLowerCase() === 'yes') return terms;
  throw new UsageError('the terms were not accepted; nothing was created');
}

/**
 * The key that a new user is to have: the one that was named, or the one that has claimed the name; undefined: a new one is made.
 *
 * @throws AtedbError ACCOUNT_EXISTS, before anything is asked.
 */
async function keyFor(
  { client, store, account }: AccountSession,
  named: string | undefined,
): Promise<KeyPair | undefined> {
  const { passphraseFrom } = await import('./passphrase.ts');
  const keyOf = async (name: string) => (await store.get(name, passphraseFrom(undefined))).keyPair;
  const state = (await findUser(client, account))?.state;
  if (state === undefined) return named === undefined ? undefined : keyOf(named);
  const claimedWith = await store.nameOf(state.key.fingerprintHex);
  const isClaimed = state.secretsHash === undefined && !state.isRemoved;
  if (!isClaimed || claimedWith === undefined) throw accountExists(state);
  return keyOf(named ?? claimedWith);
}

/** What anybody may know of a user; undefined: there is none. */
async function findUser(client: AtedbClient, account: string) {
  try {
    return await client.accounts.read(account);
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'ACCOUNT_UNKNOWN') return undefined;
    throw error;
  }
}

async function enterCode(
  output: Output,
  { client, account }: AccountSession,
  fingerprint: Buffer,
  settings: {
    readonly target: AccountTarget;
    readonly code: string | undefined;
    readonly mustAsk?: boolean;
    readonly wasSentBefore?: boolean;
  },
): Promise<void> {
  const { target, mustAsk = false, wasSentBefore = false } = settings;
  const { codesBy } = await client.accounts.describe();
  if (codesBy === 'none') {
    throw new UsageError(
      `this server sends no codes, so that ${account} stays unverified, and can be used so. Whoever runs it can have it send codes by mail (--smtp-url), or show them (--show-codes)`,
    );
  }
  const whence =
    codesBy === 'mail' ? `was mailed to ${account}` : 'the server has shown its operator';
  process.stderr.write(`enter the code that ${whence}\n`);
  if (wasSentBefore) process.stderr.write(sentBeforeWords);
  const isAsked = settings.code === undefined;
  if (isAsked && !mustAsk && !process.stdin.isTTY) {
    process.stderr.write(`when you have it: atedb user verify ${account} --code CODE\n`);
    return;
  }
  const code = settings.code ?? (await askCode(account));
  await client.accounts.verify({ account, fingerprint, code });
  say(output, target, { account, verified: true }, `${account} is verified`);
}

const sentBeforeWords =
  'as many as may be were sent in the last day, so none was now: any of them counts, also one that somebody else has asked for\n';

function askCode(account: string): Promise<string> {
  return askHidden(`Code for ${account}: `, 'give the code with --code', 'code');
}

function createdWords(account: string, fingerprint: string, recoveryCode: string): string {
  return `${safeText(account)} has the key ${fingerprint}\n${recoveryWords(recoveryCode)}`;
}
