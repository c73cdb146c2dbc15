import type { QuotaSettings } from '../chain/index.ts';
import {
  type CompactMode,
  type CompactTriggers,
  compactModeAliases,
  compactModes,
  compactTriggersDefault,
} from '../compact/index.ts';
import type { ServerTlsOptions } from '../server/index.ts';
import { UsageError } from './errors.ts';
import {
  parseChoice,
  parseFraction,
  parseInteger,
  parseListenHost,
  parseText,
  parseWebSocketUrl,
} from './flag-values.ts';
import {
  type Environment,
  type Flag,
  type Given,
  type ParsedArguments,
  readFlag,
  readFlagValues,
} from './flags.ts';
import { notBuiltYet } from './global-flags.ts';
import { type MailSettings, mailFlags, readMailFlags } from './mail-flags.ts';
import { quotaFlags, readQuotaFlags } from './quota-flags.ts';
import { readPair, tlsFlags } from './tls-flags.ts';

/** The flags of `atedb solo`. */
export const soloFlags = {
  logsPath: {
    name: 'logs-path',
    describe: 'Folder of the logs; made if it is missing',
    defaultText: '/opt/ate, or ~/ate where that cannot be written',
    kind: 'positional',
    parse: parseText,
  },
  listen: {
    name: 'listen',
    aliases: ['l'],
    describe: 'IP address, host name or unix:/path to listen on; may be given several times',
    defaultText: ':: (all, IPv6 and IPv4), or 0.0.0.0 where there is no IPv6',
    kind: 'values',
    parse: parseListenHost,
  },
  port: {
    name: 'port',
    aliases: ['p'],
    describe: 'Port to listen on; 0 takes any that is free',
    defaultText: '5000',
    kind: 'value',
    parse: parseInteger('a port', 0, 65_535),
  },
  tlsCert: {
    name: 'tls-cert',
    describe:
      "File of the server's certificate, in PEM form, and behind it those that signed it: TLS 1.3 is spoken on TCP addresses",
    kind: 'value',
    parse: parseText,
  },
  tlsKey: tlsFlags.tlsKey,
  tlsClientCa: {
    name: 'tls-client-ca',
    describe: 'File of authorities, in PEM form: clients must show a certificate of one of them',
    kind: 'value',
    parse: parseText,
  },
  answerDays: {
    name: 'answer-days',
    describe:
      'Days for which what this server says of owners counts: so long chains go on where it can no more be asked, 1 to 365. Has no effect with --auth and --no-auth',
    defaultText: '7',
    kind: 'value',
    parse: parseInteger('a number of days', 1, 365),
  },
  ...mailFlags,
  checkThreads: {
    name: 'check-threads',
    describe: 'Threads that check large batches beside the main one, 0 to 64',
    defaultText: 'the cores but two, at most 4; 0 below four cores',
    kind: 'value',
    parse: parseInteger('a number of threads', 0, 64),
  },
  scrubRate: {
    name: 'scrub-rate',
    describe:
      'MiB a second at which closed segments are read in the background to find damage; 0 for never',
    defaultText: '10',
    kind: 'value',
    parse: parseInteger('a number of MiB a second', 0, 1_000_000),
  },
  compactMode: {
    name: 'compact-mode',
    describe:
      'When logs are compacted: never (or immutable), modified, timer, factor, size, factor-or-timer (or ' +
      'growth-or-timer), size-or-timer',
    defaultText: compactTriggersDefault.mode,
    kind: 'value',
    parse: parseChoice([...compactModes, ...Object.keys(compactModeAliases)]),
  },
  compactTimer: {
    name: 'compact-timer',
    describe: 'Seconds between compactions. Has no effect in modes without a timer',
    defaultText: '3600',
    kind: 'value',
    parse: parseInteger('a number of seconds', 1, 315_360_000),
  },
  compactThresholdFactor: {
    name: 'compact-threshold-factor',
    describe:
      'Growth that starts a compaction, as a part of the size. Has no effect in modes without it',
    defaultText: '0.4',
    kind: 'value',
    parse: parseFraction('a factor of growth'),
  },
  compactThresholdSize: {
    name: 'compact-threshold-size',
    describe: 'Growth that starts a compaction, in bytes. Has no effect in modes without it',
    defaultText: '104857600',
    kind: 'value',
    parse: parseInteger('a number of bytes', 1, Number.MAX_SAFE_INTEGER),
  },
  diskReserve: {
    name: 'disk-reserve',
    describe:
      'MiB of the disk that are kept for compaction and removals: chains take nothing else when only these are left; 0 for none',
    defaultText: '256',
    kind: 'value',
    parse: parseInteger('a number of MiB', 0, 1_000_000_000),
  },
  ...quotaFlags,
  backupPath: {
    name: 'backup-path',
    aliases: ['b'],
    describe:
      'Folder for backups: of each chain when it is closed, being unused, and of all at shutdown. One that no other process writes to',
    kind: 'value',
    parse: parseText,
  },
  url: {
    name: 'url',
    aliases: ['u'],
    describe: 'Address that clients use, which names port and route. Not built yet',
    defaultText: 'ws://localhost:5000/db',
    kind: 'value',
    parse: parseWebSocketUrl('ws://localhost:5000/db'),
  },
  nodesList: {
    name: 'nodes-list',
    describe: 'File with the IP addresses of all nodes, one a line. Not built yet',
    kind: 'value',
    parse: parseText,
  },
  nodeId: {
    name: 'node-id',
    aliases: ['n'],
    describe: 'Number of this node among them, from 0. Not built yet',
    kind: 'value',
    parse: parseInteger("a node's number", 0, 4_294_967_295),
  },
} satisfies Record<string, Flag<unknown>>;

/** What the flags of `atedb solo` say. */
export interface SoloSettings {
  logsPath: Given<string> | undefined;
  /** IP addresses, host names and Unix sockets, as named; empty when none is. */
  listen: string[];
  port: number;
  /** Undefined: connections are not encrypted. */
  tls: ServerTlsOptions | undefined;
  /** Undefined: the server's default. */
  answerDays: number | undefined;
  /** How users show that names are theirs, where this server has accounts. */
  mail: MailSettings;
  /** Undefined: there are no backups. */
  backupPath: Given<string> | undefined;
  /** Undefined: as the machine has cores. */
  checkThreads: number | undefined;
  /** In MiB; undefined: the server's default. */
  scrubRate: number | undefined;
  /** With a mode that has no such trigger the others have no effect: so says the manual. */
  compact: CompactTriggers;
  /** In MiB; undefined: the server's default. */
  diskReserve: number | undefined;
  quotas: QuotaSettings;
}

/**
 * Read the flags of `atedb solo`. Every text is checked, whether or not what it asks for is built.
 * @throws UsageError for wrong flags; NotBuiltYetError for those whose capability isn't there.
 */
export function readSoloFlags(parsed: ParsedArguments, environment: Environment): SoloSettings {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  const logsPath = read(soloFlags.logsPath);
  const listen = readFlagValues(soloFlags.listen, parsed, environment).map(({ value }) => value);
  const port = read(soloFlags.port)?.value ?? 5000;
  const backupPath = read(soloFlags.backupPath);
  const url = read(soloFlags.url);
  const nodes = [read(soloFlags.nodesList), read(soloFlags.nodeId)];

  if (url !== undefined) {
    throw notBuiltYet(url, 'serving a route', 'say --port for the port, and leave this out');
  }
  for (const given of nodes) {
    if (given !== undefined) throw notBuiltYet(given, 'more than one node', 'leave it out');
  }
  return {
    logsPath,
    listen,
    port,
    backupPath,
    tls: readServerTls(parsed, environment),
    answerDays: read(soloFlags.answerDays)?.value,
    mail: readMailFlags(parsed, environment),
    checkThreads: read(soloFlags.checkThreads)?.value,
    scrubRate: read(soloFlags.scrubRate)?.value,
    compact: readCompact(read),
    diskReserve: read(soloFlags.diskReserve)?.value,
    quotas: readQuotaFlags(parsed, environment),
  };
}

function readCompact(read: <T>(flag: Flag<T>) => Given<T> | undefined): CompactTriggers {
  const asked = read(soloFlags.compactMode)?.value ?? compactTriggersDefault.mode;
  const timerSeconds = read(soloFlags.compactTimer)?.value;
  return {
    mode: compactModeAliases[asked] ?? (asked as CompactMode),
    timerMs: timerSeconds === undefined ? compactTriggersDefault.timerMs : timerSeconds * 1_000,
    factor: read(soloFlags.compactThresholdFactor)?.value ?? compactTriggersDefault.factor,
    sizeBytes: read(soloFlags.compactThresholdSize)?.value ?? compactTriggersDefault.sizeBytes,
  };
}

/** What a server speaks TLS with; undefined: it doesn't. @throws UsageError where one of its files is missing. */
export function readServerTls(
  parsed: ParsedArguments,
  environment: Environment,
): ServerTlsOptions | undefined {
  const read = <T>(flag: Flag<T>) => readFlag(flag, parsed, environment);
  return readTls(read(soloFlags.tlsCert), read(soloFlags.tlsKey), read(soloFlags.tlsClientCa));
}

function readTls(
  cert: Given<string> | undefined,
  key: Given<string> | undefined,
  clientCa: Given<string> | undefined,
): ServerTlsOptions | undefined {
  const pair = readPair(cert, key);
  if (pair !== undefined) return { ...pair, clientCaFile: clientCa?.value };
  if (clientCa === undefined) return undefined;
  throw new UsageError(
    `${clientCa.source} is about TLS, which needs a certificate: give --tls-cert and --tls-key`,
  );
}
