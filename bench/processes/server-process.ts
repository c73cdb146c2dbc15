import type { PublicKey } from '../../src/crypto/index.ts';
import type { TrustMode } from '../../src/event/index.ts';
import type { Vouching } from '../load/vouching.ts';

/** How `bench/processes/atedb-server.ts` is started. */
export interface ServerProcessOptions {
  readonly logsPath: string;
  /** Absent: the default of the rows. */
  readonly vouching?: Vouching;
  /** Listen on a Unix socket instead of TCP. */
  readonly unixSocket?: string;
  /** Who says whose chains are: the server itself, or a server that isn't there. Absent: nobody. */
  readonly auth?: 'embedded' | 'gone';
  /** Speak TLS on TCP, with these files. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Put a disk below that can be made slow, with what that needs in this folder. */
  readonly slowDiskFolder?: string;
  /** Let one address have any number of sessions of the tunnel, and be asked what memory is kept. */
  readonly reportsMemory?: boolean;
}

/** What a server process says once it listens. */
export interface ServerListening {
  readonly address: string;
  /** Of the identity key: its suite, and the key in base64. */
  readonly identitySuite: number;
  readonly identityKey: string;
}

/** A server of ours, as a process of its own. */
export interface ServerProcess {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly pid: number;
  readonly identity: PublicKey;
  readonly trustMode: TrustMode;
  readonly vouching: Vouching;
  /** From now on every sync takes so much longer. Only with `slowDiskFolder`. */
  delaySyncs(delayMs: number): Promise<void>;
  /** What is in use after a collection of garbage, of its heap and of what belongs to it, in bytes. Only with `reportsMemory`. */
  keptBytes(): Promise<number>;
  /** As `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
}
