import { AtedbError } from '../bytes/index.ts';
import { type ChainKey, parseTypedChainKey } from './chain-key.ts';
import { fingerprintFault, fingerprintText, parseFingerprintText } from './fingerprint-text.ts';
import { asciiName, endsInNumber } from './typed-name.ts';

/** The port that servers listen on where none is named. */
export const defaultPort = 5000;

/** An IPv4 address in its one spelling. */
const ipv4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/;

/** Where a server is. */
export interface ServerAddress {
  /** A name in A-labels and lower case, or an IP address, IPv6 without brackets. */
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
 * `ws://host[:port]/db/<chain key>`. `#sha256:<64 hexadecimal digits>` may follow: the identity key that the server must have. Names of any script
 * come to A-labels (UTS 46): it is what people type.
 *
 * @throws AtedbError REQUEST_INVALID where it is neither, CHAIN_KEY_INVALID for its chain key.
 */
export function parseChainAddress(text: string): ChainAddress {
  const { server, path } = splitAddress(text);
  if (path === '') {
    throw invalid(text, 'it names no chain');
  }
  const chainKey = parseTypedChainKey(path);
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
  if (match === null) throw invalid(text, faultOfForm(text), suggestion(text));
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
  const spelt = bracketed.startsWith('[') ? shortestIpv6(text, bracketed) : hostOf(text, bracketed);
  const host = spelt.startsWith('[') ? spelt.slice(1, -1) : spelt;
  return { server: { host, port, server: `${spelt}:${port}`, pinned }, path };
}

/** What is wrong with a text that hasn't the form of an address. */
function faultOfForm(text: string): string {
  if (/^(ate|ws):\/\/[0-9a-fA-F]*:[0-9a-fA-F:.]*:/.test(text)) {
    return 'an IPv6 address stands in brackets, as ate://[::1]';
  }
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text) ?? [];
  if (scheme === undefined) return 'it does not begin with ate://';
  return scheme === 'ate' || scheme === 'ws'
    ? 'it is of another form'
    : `it begins with ${scheme}://, and not with ate://`;
}

/** The addresses that somebody may have meant who has left `ate://` out, or written something else there; undefined: none. */
function suggestion(text: string): string | undefined {
  const bare = text.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//, '').replace(/^\/+/, '');
  const address = `ate://${bare}`;
  if (address === text) return undefined;
  const isAddress = succeeds(() => {
    const { path } = splitAddress(address);
    if (path !== '') parseTypedChainKey(path);
  });
  // A chain key alone: its domain would be taken for the server.
  const isKey = !/^localhost\//.test(bare) && succeeds(() => parseTypedChainKey(bare));
  if (isKey && isAddress) {
    return `${address}, or, for the chain ${bare} of another server, ate://HOST/${bare}`;
  }
  if (isKey) return `ate://localhost/${bare}`;
  return isAddress ? address : undefined;
}

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

/** A host's name in its one spelling; an IPv4 address as it is. */
function hostOf(text: string, typed: string): string {
  if (ipv4.test(typed)) return typed;
  const { ascii, fault } = asciiName(typed);
  if (ascii === undefined) throw invalid(text, `${JSON.stringify(typed)} is no host: ${fault}`);
  if (!endsInNumber(ascii)) return ascii;
  throw invalid(
    text,
    `${JSON.stringify(typed)} is no host: it ends in a number, and is no IPv4 address of four numbers from 0 to 255, as 192.0.2.1`,
  );
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

function invalid(text: string, why: string, meant?: string): AtedbError {
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text)} is not an address: ${why}.${hint} An address is ate://host[:port]/chain-key[#sha256:fingerprint], as ate://localhost/example.com/me/mydb; the port is ${defaultPort} unless named.`,
    { metadata: { field: 'address', address: text } },
  );
}
