import type { ServerAddress } from '../event/index.ts';
import type { ParsedArguments } from './flags.ts';
import { readTlsFlags, type TlsSettings } from './tls-flags.ts';
import { type ClientEncryption, readClientEncryption } from './wire-flags.ts';

/** A server that a command speaks to, and how. */
export interface ServerTarget {
  /** `host:port`. */
  readonly address: string;
  /** Undefined: without TLS. */
  readonly tls: TlsSettings | undefined;
  readonly encryption: ClientEncryption;
}

/** The server of an address, and how the command line says to speak to it. @throws UsageError as `readTlsFlags`, `readClientEncryption`. */
export function readServer({ server }: ServerAddress, parsed: ParsedArguments): ServerTarget {
  return {
    address: server,
    tls: readTlsFlags(parsed),
    encryption: readClientEncryption(parsed),
  };
}
