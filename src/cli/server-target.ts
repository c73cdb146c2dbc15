import { type ServerAddress, serverAddressText } from '../event/index.ts';
import { type DnsSettings, readDnsFlags } from './dns-flags.ts';
import type { ParsedArguments } from './flags.ts';
import { readGlobalFlags } from './global-flags.ts';
import { readTlsFlags, type TlsSettings } from './tls-flags.ts';
import { readTokenFlag, type TokenSource } from './token-flag.ts';
import { type ClientEncryption, readClientEncryption } from './wire-flags.ts';

/** How a command speaks to servers. */
export interface ServerWays {
  /** Undefined: without TLS. */
  readonly tls: TlsSettings | undefined;
  readonly encryption: ClientEncryption;
  /** How its name is resolved; undefined: as the system does. */
  readonly dns: DnsSettings | undefined;
  /** What commands act by, instead of a key; undefined: a key. */
  readonly token: TokenSource | undefined;
  readonly accounts: AccountsTarget;
}

/** A server that a command speaks to, and how. */
export interface ServerTarget extends ServerWays {
  /** `host:port`. */
  readonly address: string;
  /** Fingerprint of the identity that the server must have, in hexadecimal; undefined: its address names none. */
  readonly pinned: string | undefined;
}

/**
 * Where the accounts and groups are kept that chains of a server belong to: at an auth server that is named; at the server, or where that asks an auth server
 * there where whoever is logged in has an account; at the server itself, which is spoken to for them.
 */
export type AccountsTarget =
  | {
      readonly kind: 'named';
      readonly address: string;
      /** Undefined: without TLS. */
      readonly tls: TlsSettings | undefined;
    }
  | { readonly kind: 'login' }
  | { readonly kind: 'itself' };

/** The server of an address, and how the command line says to speak to it. @throws UsageError as `readServerWays`. */
export function readServer(
  { server, pinned }: ServerAddress,
  parsed: ParsedArguments,
): ServerTarget {
  return { address: server, pinned, ...readServerWays(parsed) };
}

/** How the command line says to speak to servers. @throws UsageError as `readTlsFlags`, `readClientEncryption`, `readDnsFlags`. */
export function readServerWays(parsed: ParsedArguments): ServerWays {
  return {
    tls: readTlsFlags(parsed),
    encryption: readClientEncryption(parsed),
    dns: readDnsFlags(parsed),
    token: readTokenFlag(parsed),
    accounts: readAccountsTarget(parsed),
  };
}

function readAccountsTarget(parsed: ParsedArguments): AccountsTarget {
  const { auth } = readGlobalFlags(parsed, process.env);
  if (auth.kind !== 'remote') return { kind: 'login' };
  return { kind: 'named', address: serverAddressText(auth.address), tls: auth.tls };
}
