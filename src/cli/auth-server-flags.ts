import {
  parseChoice,
  parseInteger,
  parseListenHost,
  parseText,
  parseWebSocketUrl,
} from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type ParsedArguments,
  readFlag,
  readFlagValues,
} from './flags.ts';
import { globalFlags } from './global-flags.ts';
import type { FlagTable } from './program.ts';

/** The flags that may stand with every command of `auth-server`. */
export const authServerGlobalFlags = {
  verbose: globalFlags.verbose,
  debug: globalFlags.debug,
  wireEncryption: globalFlags.wireEncryption,
  noWireEncryption: globalFlags.noWireEncryption,
  dnsSec: globalFlags.dnsSec,
  dnsServer: globalFlags.dnsServer,
} satisfies FlagTable;

function path(name: string, describe: string, defaultText?: string): Flag<string> {
  const base = { name, describe, kind: 'value', parse: parseText } as const;
  return defaultText === undefined ? base : { ...base, defaultText };
}

/** The flags of `auth-server run`. */
export const runFlags = {
  logsPath: {
    name: 'logs-path',
    describe: 'Folder of the logs',
    defaultText: '~/ate/auth',
    kind: 'positional',
    parse: parseText,
  },
  listen: {
    name: 'listen',
    aliases: ['l'],
    describe: 'IP address, host name or unix:/path to listen on; may be given several times',
    defaultText: '::',
    kind: 'values',
    parse: parseListenHost,
  },
  port: {
    name: 'port',
    aliases: ['p'],
    describe: 'Port to listen on',
    defaultText: '5001',
    kind: 'value',
    parse: parseInteger('a port', 0, 65_535),
  },
  url: {
    name: 'url',
    aliases: ['u'],
    describe: 'Address that clients use',
    defaultText: 'ws://localhost:5001/auth',
    kind: 'value',
    parse: parseWebSocketUrl('ws://localhost:5001/auth'),
  },
  authKeyPath: path('auth-key-path', 'Key of the auth server', '~/ate/auth.key'),
  webKeyPath: path('web-key-path', 'Key for web servers', '~/ate/web.key'),
  edgeKeyPath: path('edge-key-path', 'Key for edge servers', '~/ate/edge.key'),
  contractKeyPath: path('contract-key-path', 'Key for contracts', '~/ate/contract.key'),
  certPath: path('cert-path', 'Certificate of the server', '~/ate/cert'),
  backupPath: { ...path('backup-path', 'Folder for backups of the logs'), aliases: ['b'] },
  nodesList: path('nodes-list', 'File with the IP addresses of all nodes, one a line'),
  nodeId: {
    name: 'node-id',
    aliases: ['n'],
    describe: 'Number of this node among them, from 0',
    kind: 'value',
    parse: parseInteger("a node's number", 0, 4_294_967_295),
  },
} satisfies FlagTable;

/** The flags of `auth-server generate`. */
export const generateFlags = {
  keyPath: {
    name: 'key-path',
    describe: 'Folder to write the keys to',
    defaultText: '~/ate/',
    kind: 'positional',
    parse: parseText,
  },
  strength: {
    name: 'strength',
    aliases: ['s'],
    describe: 'Strength of the keys in bits: 128, 192 or 256',
    defaultText: '256',
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
