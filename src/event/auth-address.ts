import { parseServerAddress, type ServerAddress } from './address.ts';

/** The port that auth servers listen on where none is named. */
export const authPortDefault = 5001;

const endsInPort = /[^:]:[0-9]{1,5}$/;

/**
 * Parse the address of an auth server: `ate://host[:port]`, `host[:port]`, or in the older form `ws://host[:port]/auth`.
 * `#sha256:<64 hexadecimal digits>` may follow: the identity key that it must have.
 *
 * @throws AtedbError REQUEST_INVALID where it is none.
 */
export function parseAuthAddress(text: string): ServerAddress {
  const end = text.indexOf('#');
  const [place, pin] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
  const older = /^ws:\/\/([^/]*)\/auth\/?$/.exec(place)?.[1];
  const server = older ?? place.replace(/^ate:\/\//, '').replace(/\/$/, '');
  const isBracketedAlone = server.endsWith(']');
  const hasPort = !isBracketedAlone && endsInPort.test(server);
  return parseServerAddress(`${server}${hasPort ? '' : `:${authPortDefault}`}${pin}`);
}
