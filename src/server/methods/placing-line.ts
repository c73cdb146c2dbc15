import { AtedbError } from '../../bytes/index.ts';
import type { Chain, IsProven, PreparedBatch } from '../../chain/index.ts';

/** What became of something that was waited for. */
export type Settled<T> = { readonly value: T } | { readonly error: unknown };

/** A batch on its way to its place. */
interface Waiting {
  readonly run: Buffer;
  /** The proofs that count for it. */
  readonly isProven: IsProven;
  readonly place: (outcome: Settled<PreparedBatch>) => void;
  /** Undefined: it is being prepared. */
  outcome: Settled<PreparedBatch> | undefined;
  isPreparedAgain: boolean;
}

/**
 * The batches of one stream on their way to their places in a chain: they are prepared many at once, and placed in the order in
 * which they came. All that can be done in one turn of the engine is, without a promise a step: that would cost a batch of one event
 * as much as checking it.
 */
export class PlacingLine {
  readonly #waiting: Waiting[] = [];
  /** The first one is prepared anew; those behind it have to wait. */
  #isRenewing = false;

  /**
   * Add a batch behind the others.
   *
   * @param options.place called once, in order: with the batch, which is not stale in this very turn, or with why it can't be
   *   prepared. Doesn't throw.
   */
  add(chain: Chain, options: Pick<Waiting, 'run' | 'isProven' | 'place'>): void {
    const waiting: Waiting = { ...options, outcome: undefined, isPreparedAgain: false };
    this.#waiting.push(waiting);
    const prepared = (outcome: Settled<PreparedBatch>) => {
      waiting.outcome = outcome;
      this.#advance(chain);
    };
    chain.prepare(options.run, options.isProven).then(
      (value) => prepared({ value }),
      (error: unknown) => prepared({ error }),
    );
  }

  #advance(chain: Chain): void {
    while (!this.#isRenewing) {
      const [first] = this.#waiting;
      if (first?.outcome === undefined) return;
      const renewed = renewal(chain, first, first.outcome);
      if (renewed !== undefined) {
        this.#renew(chain, first, renewed);
        return;
      }
      this.#waiting.shift();
      first.place(first.outcome);
    }
  }

  #renew(chain: Chain, first: Waiting, renewed: Promise<PreparedBatch>): void {
    this.#isRenewing = true;
    const done = (outcome: Settled<PreparedBatch>) => {
      first.outcome = outcome;
      this.#isRenewing = false;
      this.#advance(chain);
    };
    renewed.then(
      (value) => done({ value }),
      (error: unknown) => done({ error }),
    );
  }
}

/** Prepare a batch anew where that is due, now that those before it have their places. */
function renewal(
  chain: Chain,
  waiting: Waiting,
  outcome: Settled<PreparedBatch>,
): Promise<PreparedBatch> | undefined {
  if ('value' in outcome) {
    return chain.isStale(outcome.value) ? chain.refresh(outcome.value) : undefined;
  }
  if (waiting.isPreparedAgain || !isKeyUnknown(outcome.error)) return undefined;
  // A batch before it may have shown its key.
  waiting.isPreparedAgain = true;
  return chain.prepare(waiting.run, waiting.isProven);
}

function isKeyUnknown(error: unknown): boolean {
  return error instanceof AtedbError && error.reason === 'KEY_UNKNOWN';
}
