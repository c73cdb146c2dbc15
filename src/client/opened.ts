import type { PublicKey } from '../crypto/index.ts';
import type { Genesis, TreeHead, TrustMode } from '../event/index.ts';
import type { WriterStanding } from './received.ts';
import type { ServedDamage } from './served-damage.ts';

/** What opening a chain says. */
export interface Opened {
  /** As the server has it now; the one that the chain's genesis names, or one that follows from it. */
  readonly serverIdentity: PublicKey;
  /** Of chains that are created now. */
  readonly trustMode: TrustMode;
  /** The batch that creates the chain, as the server offers it, not verified. Absent: whoever creates it makes that, or it is there. */
  readonly offer?: Buffer | undefined;
  /** Absent: there is no such chain yet. */
  readonly chain: OpenedChain | undefined;
}

/** A chain whose genesis and head were verified. */
export interface OpenedChain {
  readonly genesis: Genesis;
  readonly head: TreeHead;
  readonly nextSequence: number;
  /** Why it can be read only, in the server's words. */
  readonly trouble: string | undefined;
  /** What of it is damaged, in the server's words. */
  readonly damages: readonly ServedDamage[];
  /** Absent: none was asked for. Not verified. */
  readonly writer: WriterStanding | undefined;
}
