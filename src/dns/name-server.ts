import { getServers } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { AtedbError } from '../bytes/index.ts';

/** A name server. */
export interface NameServer {
  /** An IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** As it is shown, and was given. */
  readonly text: string;
}

const dnsPort = 53;

/**
 * Parse the address of a name server: an IP address, and perhaps a port: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`.
 * A name would have to be looked up first.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function parseNameServer(text: string): NameServer {
  const [, bracketed, v4, port = String(dnsPort)] =
    /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const host = isIPv6(text) ? text : (bracketed ?? v4 ?? '');
  const isAddress = isIP(host) !== 0 && (bracketed === undefined || isIPv6(bracketed));
  const number = Number(isIPv6(text) ? dnsPort : port);
  if (isAddress && number >= 1 && number <= 65_535) return { host, port: number, text };
  throw new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text)} is not the address of a name server: an IP address as 192.0.2.1 or 2001:db8::1, or with a port as 192.0.2.1:53 or [2001:db8::1]:53`,
    { metadata: { field: 'dns.server' } },
  );
}

/** Those that this machine is set up to ask. @throws AtedbError DNS_FAILED where there are none. */
export function systemNameServers(): NameServer[] {
  const servers = getServers().map(parseNameServer);
  if (servers.length > 0) return servers;
  throw new AtedbError(
    'DNS_FAILED',
    'this machine has no name server. Name one (--dns-server; connect: dns.server)',
  );
}
