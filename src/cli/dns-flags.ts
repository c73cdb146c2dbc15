import { readFile } from 'node:fs/promises';
import { AtedbError } from '../bytes/index.ts';
import type { DnsOptions } from '../dns/index.ts';
import { parseNameServer } from '../dns/index.ts';
import { UsageError } from './errors.ts';
import { parseSwitch, parseText } from './flag-values.ts';
import {
  type Environment,
  type Flag,
  isOnCommandLine,
  type ParsedArguments,
  readFlag,
} from './flags.ts';

/** The flags that say how names of servers are resolved, which stand with every command. */
export const dnsFlags = {
  dnsServer: {
    name: 'dns-server',
    aliases: ['dns'],
    describe:
      'Resolve names of servers by this name server, IP or IP:port, and not as the system does',
    defaultText: 'as the system does; with --dns-sec the name servers that it is set up with',
    kind: 'value',
    parse: (text: string) => {
      try {
        return parseNameServer(text).text;
      } catch (error) {
        throw new UsageError((error as Error).message);
      }
    },
  },
  dnsSec: {
    name: 'dns-sec',
    describe:
      'Take only answers of DNS that validate (DNSSEC), and the identities that it publishes for servers (_ate.HOST)',
    kind: 'switch',
    parse: parseSwitch,
  },
  dnsTrustAnchor: {
    name: 'dns-trust-anchor',
    describe: 'With --dns-sec: file of the DS or DNSKEY records to trust, one a line',
    defaultText: 'the keys of the root, as IANA publishes them',
    kind: 'value',
    parse: parseText,
  },
} satisfies Record<string, Flag<unknown>>;

/** How names of servers are to be resolved. */
export interface DnsSettings {
  /** Undefined: the system's. */
  readonly server: string | undefined;
  readonly validate: boolean;
  /** Undefined: those of the root. */
  readonly trustAnchorFile: string | undefined;
}

/**
 * How names of servers are to be resolved, of servers of chains and of auth servers alike.
 *
 * @returns undefined: as the system does.
 * @throws UsageError for flags that are wrong, or have no meaning without another.
 */
export function readDnsFlags(
  parsed: ParsedArguments,
  environment: Environment = process.env,
): DnsSettings | undefined {
  const server = readFlag(dnsFlags.dnsServer, parsed, environment);
  const validate = readFlag(dnsFlags.dnsSec, parsed, environment)?.value ?? false;
  const anchors = readFlag(dnsFlags.dnsTrustAnchor, parsed, environment);
  // In a variable it waits for a command that is to validate.
  if (anchors !== undefined && !validate && isOnCommandLine(anchors)) {
    throw new UsageError(`${anchors.source} is about --dns-sec, which is not given; give both`);
  }
  if (server === undefined && !validate) return undefined;
  const trustAnchorFile = validate ? anchors?.value : undefined;
  return { server: server?.value, validate, trustAnchorFile };
}

/** Read the file that the settings name. @throws AtedbError STORAGE_FAILED where it can't be read. */
export async function dnsOptions(settings: DnsSettings): Promise<DnsOptions> {
  const { server, validate, trustAnchorFile } = settings;
  if (trustAnchorFile === undefined) return { server, validate };
  try {
    const trustAnchors = await readFile(trustAnchorFile, 'utf8');
    return { server, validate, trustAnchors, trustAnchorsFrom: trustAnchorFile };
  } catch (error) {
    throw new AtedbError(
      'STORAGE_FAILED',
      `cannot read the trust anchors in ${trustAnchorFile}: ${(error as Error).message}`,
      { metadata: { path: trustAnchorFile }, cause: error },
    );
  }
}
