import type { Conditions, Signing } from './build-events.ts';
import type { CallOptions } from './cancellation.ts';

/** How to append. */
export interface AppendOptions extends CallOptions, Conditions, Signing {
  /**
   * When the append is done. `durable`: the server has stored the events and says so. `attested`: it has also signed a tree that
   * they are in, which it can't deny later; that takes up to a second longer, or more where many chains grow at once.
   * Default: `durable`.
   */
  readonly wait?: 'durable' | 'attested' | undefined;
}
