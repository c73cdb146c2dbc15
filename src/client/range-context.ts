import type { VerifiedBatch } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { ReadKeys } from './read-keys.ts';
import type { Replay, ReplayContext } from './replay.ts';
import type { Transport } from './transport.ts';

/** The parts of a chain that a range is read with. */
export interface RangeContext extends ReplayContext {
  readonly transport: Transport;
  /** Opens what is sealed. */
  readonly readKeys: ReadKeys;
  /** Whether nobody wants the events, so that nothing is opened. */
  readonly onlyVerifies?: boolean;
  /** Told of all batches of a range that is read forwards, when they are verified. */
  readonly onVerified?: ((batches: readonly VerifiedBatch[], replay: Replay) => void) | undefined;
  /** Fires when the chain is closed. */
  readonly closed: AbortSignal;
  /**
   * Read on from where the rules were verified to, up to a sequence or to the chain's end, so that they are verified that far.
   *
   * @throws AtedbError as `readRange`.
   */
  readonly reach: (sequence: number | undefined, options: CallOptions) => Promise<void>;
}
