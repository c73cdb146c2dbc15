import type { TrustMode } from '../event/index.ts';
import type { ActingInput } from './acting-key.ts';
import type { CallOptions } from './cancellation.ts';
import type { OnNotice } from './notice.ts';

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
  /**
   * Whether any server will do that has a copy of the chain, and not only the one that keeps it: to read what is verified by other means, as a repair does.
   * Nothing of it is remembered, and nothing can be appended. Default: false, which fails with SERVER_IDENTITY_MISMATCH there.
   */
  readonly asCopy?: boolean | undefined;
  /** How long appends wait for a lost server, in milliseconds. Default: 60,000. */
  readonly reconnectMs?: number | undefined;
  /**
   * Whether every batch is signed. Default: false, which in a centralized chain means that the key is proven once a stream,
   * so that the server alone vouches for batches. A distributed chain's are always signed.
   */
  readonly signBatches?: boolean | undefined;
  /**
   * Whether what is written to a group's chain, by the key of a role, names the user's own key as its author, which signs each batch then. Default:
   * true. A batch is one append then.
   */
  readonly signAsMember?: boolean | undefined;
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
