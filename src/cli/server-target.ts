import type { ServerAddress } from '../event/index.ts';
import { type DnsSettings, readDnsFlags } from './dns-flags.ts';
import type { ParsedArguments } from './flags.ts';
import { readTlsFlags, type TlsSettings } from './tls-flags.ts';
import { readTokenFlag, type TokenSource } from './token-flag.ts';
import { type ClientEncryption, readClientEncryption } from './wire-flags.ts';

/** A server that a command speaks to, and how. */
export interface ServerTarget {
  /** `host:port`. */
  readonly address: string;
  /** Fingerprint of the identity that the server must have, in hexadecimal; undefined: its address names none. */
  readonly pinned: string | undefined;
  /** Undefined: without TLS. */
  readonly tls: TlsSettings | undefined;
  readonly encryption: ClientEncryption;
  /** How its name is resolved; undefined: as the system does. */
  readonly dns: DnsSettings | undefined;
  /** What commands act by, instead of a key; undefined: a key. */
  readonly token: TokenSource | undefined;
}

/** The server of an address, and how the command line says to speak to it. @throws UsageError as `readTlsFlags`, `readClientEncryption`, `readDnsFlags`. */
export function readServer(
  { server, pinned }: ServerAddress,
  parsed: ParsedArguments,
): ServerTarget {
  return {
    address: server,
    pinned,
    tls: readTlsFlags(parsed),
    encryption: readClientEncryption(parsed),
    dns: readDnsFlags(parsed),
    token: readTokenFlag(parsed),
  };
}
