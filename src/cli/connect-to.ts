import {
  type AtedbClient,
  type ConnectOptions,
  connect,
  type TlsOptions,
} from '../client/index.ts';
import { checkAuthorities, checkTlsPair } from '../crypto/index.ts';
import { serverAddressText } from '../event/index.ts';
import { identityHome, readCertificateText, readLogin, readTlsPair } from '../store/index.ts';
import { dnsOptions } from './dns-flags.ts';
import { loadToken } from './load-token.ts';
import { noticeWriter, type ShownNotice } from './notices.ts';
import type { AccountsTarget, ServerTarget } from './server-target.ts';
import type { TlsSettings } from './tls-flags.ts';

/**
 * Get ready to speak to a server, as the command line says.
 * @throws AtedbError as `connect`; STORAGE_FAILED for a file that can't be read, REQUEST_INVALID for one that can't be used.
 */
export async function connectTo(
  { address, pinned, tls, encryption, dns, token, accounts }: ServerTarget,
  options: Omit<
    ConnectOptions,
    'tls' | 'encryption' | 'dns' | 'token' | 'auth' | 'authTls' | 'loggedInAt'
  > = {},
  json = false,
): Promise<AtedbClient> {
  if (encryption === 'plain' && tls === undefined) {
    noticeWriter(json)(notEncrypted(address));
  }
  return connect(serverAddressText({ server: address, pinned }), {
    ...options,
    encryption,
    tls: tls && (await readTlsFiles(tls)),
    dns: dns && (await dnsOptions(dns)),
    token: token && (await loadToken(token)),
    ...(await accountsOptions(accounts)),
  });
}

async function accountsOptions(
  accounts: AccountsTarget,
): Promise<Pick<ConnectOptions, 'auth' | 'authTls' | 'loggedInAt'>> {
  if (accounts.kind === 'named') {
    const { address, tls } = accounts;
    return { auth: address, authTls: tls && (await readTlsFiles(tls)) };
  }
  if (accounts.kind === 'itself') return {};
  return { loggedInAt: (await readLogin(identityHome(process.env)))?.server };
}

function notEncrypted(address: string): ShownNotice {
  const message = `the connection to ${address} is not encrypted, since --plain says so: who is on the way can read and change what is sent`;
  return { kind: 'not-encrypted', message };
}

/** Read what TLS is spoken with. @throws AtedbError STORAGE_FAILED, REQUEST_INVALID. */
export async function readTlsFiles({ caFile, pair, serverName }: TlsSettings): Promise<TlsOptions> {
  const [ca, own] = await Promise.all([
    caFile === undefined ? undefined : readCertificateText(caFile),
    pair && readTlsPair(pair.certFile, pair.keyFile),
  ]);
  // Here they are called by the names of their files.
  const now = Date.now();
  if (ca !== undefined) checkAuthorities(ca, now);
  if (own !== undefined) checkTlsPair(own, now);
  return { ca: ca?.pem, cert: own?.cert.pem, key: own?.key.pem, serverName };
}
