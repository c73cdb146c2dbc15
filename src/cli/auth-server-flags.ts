import type { KeyBits } from '../client/index.ts';
import type { ServerTlsOptions } from '../server/index.ts';
import { type DnsSettings, readDnsFlags } from './dns-flags.ts';
import { parseChoice, parseInteger, parseText, parseWebSocketUrl } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  type ParsedArguments,
  readFlag,
  readFlagValues,
} from './flags.ts';
import { globalFlags, notBuiltYet } from './global-flags.ts';
import { type MailSettings, mailFlags, readMailFlags } from './mail-flags.ts';
import type { FlagTable } from './program.ts';
import { readServerTls, soloFlags } from './solo-flags.ts';
import { readServerEncryption } from './wire-flags.ts';

/** The flags that may stand with every command of `auth-server`. */
export const authServerGlobalFlags = {
  verbose: globalFlags.verbose,
  debug: globalFlags.debug,
  wireEncryption: globalFlags.wireEncryption,
  noWireEncryption: globalFlags.noWireEncryption,
  dnsSec: globalFlags.dnsSec,
  dnsServer: globalFlags.dnsServer,
  dnsTrustAnchor: globalFlags.dnsTrustAnchor,
} satisfies FlagTable;

function path(name: string, describe: string): Flag<string> {
  return { name, describe, kind: 'value', parse: parseText };
}

/** The flags of `auth-server run`. */
export const runFlags = {
  logsPath: {
    name: 'logs-path',
    describe: 'Folder of the accounts; made if it is missing',
    defaultText: '~/ate/auth',
    kind: 'positional',
    parse: parseText,
  },
  listen: soloFlags.listen,
  port: {
    name: 'port',
    aliases: ['p'],
    describe: 'Port to listen on; 0 takes any that is free',
    defaultText: '5001',
    kind: 'value',
    parse: parseInteger('a port', 0, 65_535),
  },
  answerDays: {
    name: 'answer-days',
    describe:
      'Days for which what is said of owners counts: so long chains go on where this server can not be asked, 1 to 365',
    defaultText: '7',
    kind: 'value',
    parse: parseInteger('a number of days', 1, 365),
  },
  ...mailFlags,
  backupPath: {
    ...soloFlags.backupPath,
    describe:
      'Folder for a backup of the accounts and keys at shutdown. One that no other process writes to',
  },
  tlsCert: soloFlags.tlsCert,
  tlsKey: soloFlags.tlsKey,
  tlsClientCa: soloFlags.tlsClientCa,
} satisfies FlagTable;

/** Flags of the original that stand for what this server doesn't have. */
export const unbuiltRunFlags = {
  url: {
    name: 'url',
    aliases: ['u'],
    describe: 'Address that clients use. Not built yet',
    kind: 'value',
    parse: parseWebSocketUrl('ws://localhost:5001/auth'),
  },
  authKeyPath: path(
    'auth-key-path',
    'Key of the auth server. Not built: it lies below the logs path',
  ),
  webKeyPath: path('web-key-path', 'Key for web servers. Not built'),
  edgeKeyPath: path('edge-key-path', 'Key for edge servers. Not built'),
  contractKeyPath: path('contract-key-path', 'Key for contracts. Not built'),
  certPath: path(
    'cert-path',
    "Certificate of the server. Not built: the server's identity stands for it",
  ),
  nodesList: path('nodes-list', 'File with the IP addresses of all nodes. Not built yet'),
  nodeId: {
    name: 'node-id',
    aliases: ['n'],
    describe: 'Number of this node among them, from 0. Not built yet',
    kind: 'value',
    parse: parseInteger("a node's number", 0, 4_294_967_295),
  },
} satisfies FlagTable;

/** What the flags of `auth-server run` say. */
export interface RunSettings {
  readonly logsPath: Given<string> | undefined;
  readonly listen: readonly string[];
  readonly port: number;
  readonly answerDays: number | undefined;
  readonly mail: MailSettings;
  /** How names to listen on are resolved; undefined: as the system does. */
  readonly dns: DnsSettings | undefined;
  /** Undefined: there are no backups. */
  readonly backupPath: Given<string> | undefined;
  readonly tls: ServerTlsOptions | undefined;
  readonly wireEncryption: KeyBits | undefined;
  readonly verbosity: number;
  readonly debug: boolean;
}

/**
 * Read them.
 * @throws UsageError for wrong flags; NotBuiltYetError for those whose capability isn't there.
 */
export function readRunFlags(parsed: ParsedArguments, environment: Environment): RunSettings {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  checkFlags({ ...authServerGlobalFlags, ...runFlags }, parsed, environment);
  for (const flag of Object.values<Flag<unknown>>(unbuiltRunFlags)) {
    const given = read(flag);
    if (given !== undefined) throw notBuiltYet(given, 'this', 'leave it out');
  }
  return {
    logsPath: read(runFlags.logsPath),
    listen: readFlagValues(runFlags.listen, parsed, environment).map(({ value }) => value),
    port: read(runFlags.port)?.value ?? 5001,
    answerDays: read(runFlags.answerDays)?.value,
    mail: readMailFlags(parsed, environment),
    dns: readDnsFlags(parsed, environment),
    backupPath: read(runFlags.backupPath),
    tls: readServerTls(parsed, environment),
    // What belongs to accounts is encrypted in any case; what it is encrypted by at the least, a server of chains says in the same way.
    wireEncryption: readServerEncryption(parsed, environment, 'centralized'),
    verbosity: read(globalFlags.verbose)?.value ?? 0,
    debug: read(globalFlags.debug)?.value ?? false,
  };
}

/** The flags of `auth-server generate`. */
export const generateFlags = {
  keyPath: {
    name: 'key-path',
    describe: 'Folder of the accounts, as `auth-server run` is given it',
    defaultText: '~/ate/auth',
    kind: 'positional',
    parse: parseText,
  },
  strength: {
    name: 'strength',
    aliases: ['s'],
    describe:
      'Strength of the keys in bits: 128 or 192, which the same keys have (ML-DSA-65 with Ed25519); 256 is not built yet',
    defaultText: '192',
    kind: 'value',
    parse: parseChoice(['128', '192', '256']),
  },
} satisfies FlagTable;

/**
 * Check the flags of a table.
 * @throws UsageError for the first that is wrong.
 */
export function checkFlags(
  flags: FlagTable,
  parsed: ParsedArguments,
  environment: Environment,
): void {
  for (const flag of Object.values(flags)) {
    if (flag.kind === 'values') readFlagValues(flag, parsed, environment);
    else readFlag(flag, parsed, environment);
  }
}
