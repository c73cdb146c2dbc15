import { isIP, isIPv4 } from 'node:net';
import { UsageError } from './errors.ts';

/** Parse a switch; the words are those that people write into environment variables. */
export function parseSwitch(text: string): boolean {
  const lower = text.toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(lower)) return true;
  if (['false', '0', 'no', 'off'].includes(lower)) return false;
  throw new UsageError(`${quote(text)} is neither "true" nor "false"`);
}

/** Parse a plain text that must not be empty. */
export function parseText(text: string): string {
  if (text === '') throw new UsageError('the value is empty');
  if (text.includes('\0')) throw new UsageError('the value has a zero byte in it');
  return text;
}

/** Make a parser of one of several words. */
export function parseChoice<const T extends string>(
  choices: readonly T[],
): ((text: string) => T) & { readonly choices: readonly T[] } {
  const parse = (text: string): T => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new UsageError(`${quote(text)} is not allowed; use one of: ${choices.join(', ')}`);
  };
  return Object.assign(parse, { choices });
}

/** Make a parser of whole decimal numbers within limits, both inclusive. */
export function parseInteger(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new UsageError(`${quote(text)} is not ${what}: a whole number from ${least} to ${most}`);
  };
}

/** Make a parser of decimal fractions above zero. */
export function parseFraction(what: string): (text: string) => number {
  return (text) => {
    const value = /^([0-9]+(\.[0-9]*)?|\.[0-9]+)$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && Number.isFinite(value)) return value;
    throw new UsageError(`${quote(text)} is not ${what}: a number above 0, as 0.4`);
  };
}

/** Parse an IP address, an IPv6 one with or without brackets; without brackets it is returned. */
export function parseIpAddress(text: string): string {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIP(bare) !== 0 && !(bare !== text && isIPv4(bare))) return bare;
  throw new UsageError(`${quote(text)} is not an IP address, as 192.0.2.1 or 2001:db8::1`);
}

/** Parse what a server listens on: an IP address, a host name, or `unix:` and an absolute path. */
export function parseListenHost(text: string): string {
  if (/^unix:\/./.test(text)) return text;
  // Without a letter it is a mistyped IP address, which no resolver should be asked for.
  if (/^[A-Za-z0-9.-]{1,253}$/.test(text) && /[A-Za-z]/.test(text)) return text.toLowerCase();
  try {
    return parseIpAddress(text);
  } catch {
    throw new UsageError(
      `${quote(text)} is not what a server can listen on: an IP address or name of this machine, ` +
        '"localhost", "::" (all, IPv6 and IPv4), "0.0.0.0" (all, IPv4 only) or "unix:/path"; the port ' +
        'goes to --port',
    );
  }
}

/** Make a parser of `ws://` addresses, which is what the flags of the original take. */
export function parseWebSocketUrl(example: string): (text: string) => URL {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (
      url !== undefined &&
      ['ws:', 'wss:', 'tcp:'].includes(url.protocol) &&
      url.hostname !== ''
    ) {
      return url;
    }
    throw new UsageError(`${quote(text)} is not an address as ${example}`);
  };
}

function quote(text: string): string {
  return JSON.stringify(text);
}
