import type { AtedbClient, GroupSigner, KeyPair, OpenedGroup } from '../client/index.ts';
import { IdentityStore, identityHome, readLogin } from '../store/index.ts';
import type { AccountTarget } from './account-flags.ts';
import { readSecret, secretInputs } from './account-input.ts';
import { connectTo } from './connect-to.ts';
import { noticeWriter } from './notices.ts';
import { passphraseFrom } from './passphrase.ts';
import { askTotp } from './second-factor.ts';

/** What a command about groups is told, beside which. */
export interface GroupSettings {
  readonly target: AccountTarget;
  /** Name of the key; undefined: that of whoever is logged in, else the default one. */
  readonly key: string | undefined;
  readonly passwordFile: string | undefined;
  readonly totp: string | undefined;
  readonly passphraseFile: string | undefined;
}

/** Whoever acts, at the server that keeps the groups. */
export interface GroupSession extends AsyncDisposable {
  readonly client: AtedbClient;
  readonly key: KeyPair;
  /** Those that whoever is logged in had before. */
  readonly formerKeys: readonly KeyPair[];
  /** `name@domain` of whoever is logged in with that key; undefined: nobody is. */
  readonly account: string | undefined;
  /** As whoever signs acts that owners with a password sign: the password is asked for. */
  sudo(): Promise<GroupSigner>;
}

const defaultServer = 'localhost';

/** Get ready to act in groups. @throws AtedbError REQUEST_INVALID where there is no such key. */
export async function openGroupSession(settings: GroupSettings): Promise<GroupSession> {
  const { target, passwordFile, totp } = settings;
  const home = identityHome(process.env);
  const login = await readLogin(home);
  const store = new IdentityStore(home);
  const name = settings.key ?? login?.key ?? (await store.defaultName());
  const passphrase = passphraseFrom(settings.passphraseFile);
  const { keyPair: key } = await store.get(name, passphrase);
  const account = login?.key === name ? login.account : undefined;
  const formerNames = account === undefined ? [] : await store.formerNames();
  const formerKeys = await Promise.all(
    formerNames.map(async (one) => (await store.get(one, passphrase)).keyPair),
  );
  const server = target.server ?? target.serverAt(login?.server ?? defaultServer);
  const { json } = target;
  const client = await connectTo(server, { onNotice: noticeWriter(json) }, json);
  const sudo = async (): Promise<GroupSigner> => {
    if (account === undefined) return { key, formerKeys };
    const { state } = await client.accounts.read(account);
    if (state.sudoKey === undefined) return { key, formerKeys };
    const input = { ...secretInputs.password, file: passwordFile };
    const password = await readSecret(input, `Password of ${account}: `);
    const { hasSecondFactor } = await client.accounts.login({ account, password });
    const totpCode = hasSecondFactor ? await askTotp(totp) : undefined;
    const { sudoKey } = await client.accounts.sudo({ account, password, totpCode });
    return { key, formerKeys, sudoKey };
  };
  return { client, key, formerKeys, account, sudo, [Symbol.asyncDispose]: () => client.close() };
}

/** Whoever signs acts of a group: the password is asked for only where the group wants the key of sudo. */
export async function signerFor(session: GroupSession, group: string): Promise<GroupSigner> {
  const { client, key, formerKeys } = session;
  const opened = await client.groups.open(group, key, { formerKeys });
  const own = [key, ...formerKeys].map(({ publicKey }) => publicKey.fingerprintHex);
  return wantsSudo(opened, own) ? session.sudo() : { key, formerKeys };
}

function wantsSudo({ state }: OpenedGroup, own: readonly string[]): boolean {
  const owners = state.roles.find(({ name }) => name === 'owner')?.members ?? [];
  return owners.some(
    ({ key, sudoKey }) => own.includes(key.fingerprintHex) && sudoKey !== undefined,
  );
}
