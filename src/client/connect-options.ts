import type { PassphraseCosts } from '../crypto/index.ts';
import type { DnsOptions, Resolver } from '../dns/index.ts';
import type { Token } from '../event/index.ts';
import type { Passphrase } from '../store/index.ts';
import type { LookUpIdentity } from './identity-check.ts';
import type { OnNotice } from './notice.ts';
import type { TlsOptions } from './tls-options.ts';
import type { Encryption } from './tunnel.ts';

/** How to connect. */
export interface ConnectOptions {
  /**
   * Folder of keys and of what is remembered of chains. Default: `ATE_HOME`, else `~/.ate`. null: nothing is read or kept, so
   * every chain is met for the first time.
   */
  readonly home?: string | null | undefined;
  /**
   * Passphrase of the key that is written with, or a function that is asked for it, once a chain, where that key is sealed
   * with one. Of a key that is new it is not used: `IdentityStore` seals keys.
   */
  readonly passphrase?: Passphrase | undefined;
  /** Deadline of calls with one answer, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether to speak TLS, and how; `true`: to a server whose certificate an authority that this machine trusts has signed for the host
   * that is connected to. Default: false, and the connection isn't encrypted.
   */
  readonly tls?: boolean | TlsOptions | undefined;
  /**
   * Whether calls go through the server's encrypted tunnel: `auto`: if the server requires it, or is known to encrypt; `plain`: never, which
   * a server that requires it refuses; 128, 192 or 256: always, with keys of at least so many bits. Default: `auto`. Who is on
   * the way can keep `auto` from encryption at a server that is met for the first time; nothing else does.
   */
  readonly encryption?: Encryption | undefined;
  /**
   * Looks up, by a way that can be trusted, which identity keys a server has: as a TXT record that DNSSEC validates. Asked only of a server
   * that is met for the first time, and whose address names no fingerprint; it never overrides what is known. If it throws, nothing is sent.
   */
  readonly lookUpIdentity?: LookUpIdentity | undefined;
  /**
   * The auth server that keeps accounts and groups, as `auth.example.com`, `ate://auth.example.com:5001#sha256:…`: for chains of a server that asks
   * this one who owns them. It is spoken to through the encrypted tunnel. Default: the server itself.
   */
  readonly auth?: string | undefined;
  /** Whether that tunnel is within TLS, and how; as `tls`. Default: false. */
  readonly authTls?: boolean | TlsOptions | undefined;
  /**
   * Where the user has an account: asked for accounts and groups where `auth` is not given, and the server says that
   * it asks an auth server. Default: nobody is.
   */
  readonly loggedInAt?: string | undefined;
  /** A token, or its text, that chains are opened by where neither a key nor another token is named. Default: none. */
  readonly token?: Token | string | undefined;
  /**
   * What making keys of the passwords of accounts costs (Argon2id), where one is set. Default: 64 MiB, three passes, four threads. At least 19 MiB
   * and two passes.
   */
  readonly passwordCosts?: PassphraseCosts | undefined;
  /** How the server's name is resolved, and whether what DNS says has to validate. Clients can share a `Resolver`. Default: as the system does. */
  readonly dns?: DnsOptions | Resolver | undefined;
  /** Told what is worth a line in a log. */
  readonly onNotice?: OnNotice | undefined;
}
