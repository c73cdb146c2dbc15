import type { AtedbClient, KeyPair } from '../client/index.ts';
import {
  IdentityStore,
  identityHome,
  readLogin,
  removeLogin,
  type StoredLogin,
  writeLogin,
} from '../store/index.ts';
import type { AccountTarget } from './account-flags.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { noticeWriter } from './notices.ts';

/** The account that a command is about, and a client of the server that keeps it. */
export interface AccountSession extends AsyncDisposable {
  readonly client: AtedbClient;
  /** `name@domain`. */
  readonly account: string;
  readonly store: IdentityStore;
  readonly home: string;
  /** Who was logged in before. */
  readonly login: StoredLogin | undefined;
}

const defaultServer = 'localhost';
/** Of keys that logins put into the store: so much of the fingerprint follows. */
const keyPrefix = 'login-';
const fingerprintDigits = 16;

/** Get ready to speak of an account. @throws UsageError where none is named, and nobody is logged in. */
export async function openSession(target: AccountTarget): Promise<AccountSession> {
  const home = identityHome(process.env);
  const login = await readLogin(home);
  const account = target.account ?? login?.account;
  if (account === undefined) {
    throw new UsageError('nobody is logged in; name the account, as me@example.com');
  }
  const known = login?.account === account ? login.server : undefined;
  const server = target.server ?? target.serverAt(known ?? defaultServer);
  const { json } = target;
  const client = await connectTo(server, { onNotice: noticeWriter(json) }, json);
  return {
    ...{ client, account, login, home },
    store: new IdentityStore(home),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/**
 * Have a key used by all commands that name none, as that of an account; and those that the account had before, to open what was sealed for
 * them. What was logged in before is logged out.
 */
export async function keepLogin(
  { home, store, account, client, login: before }: AccountSession,
  { key, formerKeys }: { readonly key: KeyPair; readonly formerKeys: readonly KeyPair[] },
): Promise<StoredLogin> {
  const names: string[] = [];
  const addedKeys: string[] = [];
  for (const one of [key, ...formerKeys]) {
    const { fingerprintHex } = one.publicKey;
    const known = await store.nameOf(fingerprintHex);
    const name = known ?? `${keyPrefix}${fingerprintHex.slice(0, fingerprintDigits)}`;
    if (known === undefined) await store.add(name, one);
    if (known === undefined || before?.addedKeys.includes(name) === true) addedKeys.push(name);
    names.push(name);
  }
  const [name = '', ...former] = names;
  const login = { account, server: client.server, key: name, formerKeys: former, addedKeys };
  await writeLogin(home, login);
  for (const old of before?.addedKeys ?? []) if (!names.includes(old)) await store.remove(old);
  return login;
}

/** Have nobody logged in, and no key left that a login has put here. */
export async function forgetLogin(home: string, { addedKeys }: StoredLogin): Promise<void> {
  await removeLogin(home);
  const store = new IdentityStore(home);
  for (const name of addedKeys) await store.remove(name);
}
