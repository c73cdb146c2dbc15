import type { CertificateFacts } from '../crypto/index.ts';
import { fingerprintText, serverAddressText } from '../event/index.ts';
import type { Environment } from './flags.ts';
import type { AuthChoice } from './global-flags.ts';
import { safeText } from './safe-text.ts';

/** What a server says of itself when it is up. */
export interface AnnouncementInput {
  version: string;
  /** `host:port` of each socket, IPv6 hosts in brackets; `unix:/path`. */
  addresses: readonly string[];
  port: number;
  logsPath: string;
  /** Why the logs are not in the default folder, where that was meant. */
  logsPathInstead?: string;
  trustMode: string;
  /** Fingerprint of the server's identity. */
  fingerprintHex: string;
  /** The size of keys that are required, in bits; undefined: no encryption is. */
  wireEncryption: number | undefined;
  /** Who says whose keys count in chains that are created. */
  auth: AuthChoice;
  /** How codes reach the users of accounts that the server itself has. Absent: not at all. */
  codesBy?: 'mail' | 'operator' | undefined;
  /** The certificate that TLS shows. Absent: without TLS. */
  tls?: CertificateFacts & { readonly asksClients: boolean };
  environment: Environment;
}

/** The start-up lines: where the server listens, how it is set up, and the command to try next. */
export function announcement(input: AnnouncementInput): string {
  const { addresses, logsPathInstead } = input;
  const lines = [
    `atedb ${input.version} listens on ${addresses.join(' and ')}`,
    `  logs      ${input.logsPath}`,
    ...(logsPathInstead === undefined ? [] : [`            (${logsPathInstead})`]),
    `  trust     ${input.trustMode}`,
    ...authLines(input),
    `  identity  ${fingerprintText(input.fingerprintHex)}`,
    `  wire      ${wireText(input)}`,
    ...tlsLines(input.tls),
  ];
  const address = addressToTry(input);
  if (address !== undefined) {
    const command = commandToType(input.environment);
    const flags = input.tls === undefined ? '' : '--tls ';
    lines.push(`Try: ${command} append ${flags}ate://${address}/example.com/me/log FILE`);
  }
  return `${lines.join('\n')}\n`;
}

function wireText({ wireEncryption, tls }: AnnouncementInput): string {
  if (wireEncryption !== undefined) return `encrypted, ${wireEncryption} bits or more`;
  return tls === undefined ? 'not encrypted, unless a client asks for it' : 'within TLS alone';
}

function authLines({ auth, trustMode, codesBy }: AnnouncementInput): string[] {
  if (trustMode === 'distributed') return [];
  if (auth.kind === 'none') return ['  auth      none: whoever creates a chain owns it'];
  if (auth.kind === 'remote')
    return [`  auth      asks ${safeText(serverAddressText(auth.address))}`];
  if (codesBy !== undefined) {
    const how = codesBy === 'mail' ? 'mailed to them' : 'shown here';
    return [`  auth      by this server; users are created with a code that is ${how}`];
  }
  return ['  auth      by this server; who is on this machine may claim a name that nobody has'];
}

function tlsLines(tls: AnnouncementInput['tls']): string[] {
  if (tls === undefined) return [];
  const until = new Date(tls.untilUnixMs).toISOString();
  const clients = tls.asksClients ? ', for clients with a certificate' : '';
  return [
    `  tls       1.3${clients}; shows a certificate of ${safeText(tls.names)}, until ${until}`,
    `            (SHA-256 ${tls.fingerprint})`,
  ];
}

/** How the user, who started the server in one of these ways, would start another command. */
function commandToType(environment: Environment): string {
  const script = environment.npm_lifecycle_event;
  if (script === 'atedb') return 'npm run atedb --';
  return script === 'start' || script === 'npx' ? 'npx atedb' : 'atedb';
}

/** Where a client on this machine finds the server; undefined when only a Unix socket leads there. */
function addressToTry({ addresses, port, tls }: AnnouncementInput): string | undefined {
  const hosts = addresses
    .filter((address) => !address.startsWith('unix:'))
    .map((address) => address.slice(0, address.lastIndexOf(':')));
  const local = ['[::]', '0.0.0.0', '127.0.0.1', '[::1]'];
  const bound = hosts.some((one) => local.includes(one)) ? 'localhost' : hosts[0];
  const host = bound === undefined || tls === undefined ? bound : (nameIn(tls.names) ?? bound);
  return host === undefined || port === 5000 ? host : `${host}:${port}`;
}

/** A host name that a certificate is for: clients connect by one of these. */
function nameIn(names: string): string | undefined {
  return /(?:^|, )DNS:([\w.-]+)(?:,|$)/.exec(names)?.[1];
}
