import { AtedbError } from '../bytes/index.ts';
import { type ChainKey, parseChainKey } from './chain-key.ts';
import { fingerprintFault, fingerprintText, parseFingerprintText } from './fingerprint-text.ts';

/** The port that servers listen on where none is named. */
export const defaultPort = 5000;

/** Where a server is. */
export interface ServerAddress {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, IPv6 in brackets: one spelling a server. */
  readonly server: string;
  /** Fingerprint of the identity key that the server must have, in hexadecimal; undefined: the address names none. */
  readonly pinned: string | undefined;
}

/** Where a chain is. */
export interface ChainAddress extends ServerAddress {
  readonly chainKey: ChainKey;
  /** `ate://host:port/<chain key>`, without the fingerprint. */
  readonly text: string;
}

/**
 * Parse the address of a chain: `ate://host[:port]/<chain key>`, or in the older form
 * `ws://host[:port]/db/<chain key>`. `#sha256:<64 hexadecimal digits>` may follow: the identity key that the server must have.
 *
 * @throws AtedbError REQUEST_INVALID where it is neither, CHAIN_KEY_INVALID for its chain key.
 */
export function parseChainAddress(text: string): ChainAddress {
  const { server, path } = splitAddress(text);
  if (path === '') {
    throw invalid(text, 'it names no chain');
  }
  const chainKey = parseChainKey(path);
  return { ...server, chainKey, text: `ate://${server.server}/${chainKey.text}` };
}

/**
 * Parse the address of a server: `ate://host[:port]`, or just `host[:port]`. A fingerprint may follow as in that of a chain.
 *
 * @throws AtedbError REQUEST_INVALID where it isn't one, or names a chain too.
 */
export function parseServerAddress(text: string): ServerAddress {
  const { server, path } = splitAddress(text.includes('://') ? text : `ate://${text}`);
  if (path !== '') {
    throw invalid(text, `it names a chain too, "${path}"`);
  }
  return server;
}

/** The text of a server's address that `parseServerAddress` reads: `host:port`, and the fingerprint if it names one. */
export function serverAddressText({
  server,
  pinned,
}: Pick<ServerAddress, 'server' | 'pinned'>): string {
  return pinned === undefined ? server : `${server}#${fingerprintText(pinned)}`;
}

function splitAddress(text: string): { server: ServerAddress; path: string } {
  const end = text.indexOf('#');
  const pinned = end === -1 ? undefined : parsePin(text, text.slice(end + 1));
  const match =
    /^(ate|ws):\/\/(\[[0-9a-fA-F:.]+\]|[^\s\p{C}/:[\]@#?]+)(?::([0-9]{1,5}))?(?:\/(.*))?$/u.exec(
      end === -1 ? text : text.slice(0, end),
    );
  const [, scheme, bracketed = '', portText, rest = ''] = match ?? [];
  if (match === null) {
    const isBareIpv6 = /^(ate|ws):\/\/[0-9a-fA-F]*:[0-9a-fA-F:.]*:/.test(text);
    throw invalid(
      text,
      isBareIpv6 ? 'an IPv6 address stands in brackets, as ate://[::1]' : 'it is of another form',
    );
  }
  const port = portText === undefined ? defaultPort : Number(portText);
  if (port < 1 || port > 65_535) throw invalid(text, `${portText} is not a port from 1 to 65535`);
  let path = rest;
  if (scheme === 'ws' && path !== '' && path !== 'db') {
    if (!path.startsWith('db/'))
      throw invalid(text, 'after the host of a ws:// address comes /db/');
    path = path.slice('db/'.length);
  } else if (scheme === 'ws') {
    path = '';
  }
  const isIpv6 = bracketed.startsWith('[');
  const spelt = isIpv6 ? shortestIpv6(text, bracketed) : bracketed.toLowerCase();
  const host = isIpv6 ? spelt.slice(1, -1) : spelt;
  return { server: { host, port, server: `${spelt}:${port}`, pinned }, path };
}

/** An IPv6 address in the one spelling of RFC 5952, in brackets: who is known by one of many is known by all. */
function shortestIpv6(text: string, bracketed: string): string {
  const url = URL.parse(`http://${bracketed}`);
  if (url === null) throw invalid(text, `${bracketed} is no IPv6 address`);
  return url.hostname;
}

function parsePin(address: string, text: string): string {
  const fault = fingerprintFault(text);
  if (fault === undefined) return parseFingerprintText(text);
  throw invalid(
    address,
    `what follows the # is the fingerprint of the server's identity, ${fingerprintText('')} and 64 hexadecimal digits: ${fault}`,
  );
}

function invalid(text: string, why: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text)} is not an address: ${why}. An address is ate://host[:port]/chain-key[#sha256:fingerprint], as ate://localhost/example.com/me/mydb; the port is ${defaultPort} unless named.`,
    { metadata: { field: 'address', address: text } },
  );
}
