import type { PassphraseCosts } from '../crypto/index.ts';
import type { DnsOptions, Resolver } from '../dns/index.ts';
import type { TrustMode } from '../event/index.ts';
import type { Passphrase } from '../store/index.ts';
import type { ActingInput } from './acting-key.ts';
import type { CallOptions } from './cancellation.ts';
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
  /** How the server's name is resolved, and whether what DNS says has to validate. Clients can share a `Resolver`. Default: as the system does. */
  readonly dns?: DnsOptions | Resolver | undefined;
  /**
   * What making keys of the passwords of accounts costs (Argon2id), where one is set. Default: 64 MiB, three passes, four threads. At least 19 MiB
   * and two passes.
   */
  readonly passwordCosts?: PassphraseCosts | undefined;
  /** Told what is worth a line in a log. */
  readonly onNotice?: OnNotice | undefined;
}

/** How to open a chain. */
export interface OpenOptions extends CallOptions, ActingInput {
  /** Whether a chain that isn't there is fine: the first append creates it. Default: false. */
  readonly forAppend?: boolean | undefined;
  /** The id that the chain must have: 32 bytes, or in hexadecimal. */
  readonly chainId?: Buffer | string | undefined;
  /** The trust mode that the chain must have. */
  readonly trustMode?: TrustMode | undefined;
  /**
   * Whether to read what is left of a chain whose server says that it is damaged, also where more of it was verified before.
   * What is remembered stays; such a chain can't be appended to. Default: false, which fails with CHAIN_DAMAGED then.
   */
  readonly readDamaged?: boolean | undefined;
  /** How long appends wait for a lost server, in milliseconds. Default: 60,000. */
  readonly reconnectMs?: number | undefined;
  /**
   * Whether every batch is signed. Default: false, which in a centralized chain means that the key is proven once a stream,
   * so that the server alone vouches for batches. A distributed chain's are always signed.
   */
  readonly signBatches?: boolean | undefined;
  /**
   * Whether to write as a new writer that is remembered nowhere. Default: false, which goes on as the writer that this home
   * folder was before: conditions then count nothing of what that has written. Each new one is kept by the chain for ever.
   */
  readonly asNewWriter?: boolean | undefined;
  /**
   * Whether all that is read is to be allowed by what came before in the chain, which is then read and verified first. Default: true
   * of distributed and of confidential chains; else the server is trusted to have refused what isn't.
   */
  readonly checkRules?: boolean | undefined;
  /**
   * Whether the chain is confidential for good, also if the first append creates it: its data is sealed, and whoever appends knows by
   * the chain's id alone never to send it in clear. Set its readers before anything is appended. One that is there and isn't
   * confidential is refused with READ_RULE_MISMATCH.
   */
  readonly confidential?: boolean | undefined;
  /**
   * Whether the chain is private for good, also if the first append creates it: only keys that its rules name, or that it lets in, can open
   * it. One that is there and isn't private is refused with CHAIN_NOT_PRIVATE.
   */
  readonly private?: boolean | undefined;
  /**
   * Whether the first append to a chain whose owner nobody is yet claims that name with the key that is written with, where the server allows it:
   * one that sends no mail, to clients on its own machine. Nobody checks whose the name is. Default: false, which fails with OWNER_UNKNOWN.
   */
  readonly claim?: boolean | undefined;
  /** Whether the size of sealed data is hidden, by padding it by at most 12 % (PADMÉ). Default: false. */
  readonly pad?: boolean | undefined;
  /** Events of small appends that share a batch. Default: 1,000. */
  readonly batchEventsMax?: number | undefined;
  /** Bytes of small appends that share a batch. Default: 1 MiB. */
  readonly batchBytesMax?: number | undefined;
  /** Bytes queued or unanswered beyond which `writable` waits. Default: 16 MiB. */
  readonly queueBytesMax?: number | undefined;
  /** Default: the client's. */
  readonly onNotice?: OnNotice | undefined;
}
