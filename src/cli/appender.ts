import { AtedbError } from '../bytes/index.ts';
import type { AppendEvent, AppendOptions, Chain, Committed } from '../client/index.ts';
import { Batcher, type BatchRule } from './batcher.ts';

/** What has become of what was appended so far. */
export interface AppendTally {
  /** Events that are durable. */
  events: number;
  /** Lowest and highest sequence among them. */
  first: number | undefined;
  last: number | undefined;
  /** Events that were sent and have no answer: they may be durable or not. */
  unanswered: number;
  /** Events that are durable, and were to be attested, and are not. */
  unattested: number;
}

/** How to append. */
export interface AppenderOptions extends BatchRule {
  /** A batch that is begun is sent after this time, full or not. Undefined: only when it is full, or last. */
  readonly flushMs: number | undefined;
  readonly append: AppendOptions;
  /** Told of each batch that is durable, in order. */
  readonly onCommitted: (committed: Committed) => void;
}

/** Gathers records into batches, and appends each in one call, many of them in flight. */
export class Appender {
  readonly #chain: Pick<Chain, 'append' | 'writable'>;
  readonly #options: AppenderOptions;
  readonly #batcher: Batcher;
  readonly #failed = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  readonly tally: AppendTally = {
    events: 0,
    first: undefined,
    last: undefined,
    unanswered: 0,
    unattested: 0,
  };

  constructor(chain: Pick<Chain, 'append' | 'writable'>, options: AppenderOptions) {
    this.#chain = chain;
    this.#options = options;
    this.#batcher = new Batcher(options);
  }

  /** Fires when a batch was refused or failed, with why as its reason: nothing more is taken. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Take a record of at most `recordBytesMax`. Returns a promise when the caller should wait before the next: it
   * resolves when there is room, or appending has failed.
   */
  add(data: Buffer): Promise<void> | undefined {
    if (this.failed.aborted) return undefined;
    let room: Promise<void> | undefined;
    if (!this.#batcher.fits(data)) room = this.#send();
    this.#batcher.add(data);
    if (this.#batcher.isFull) return this.#send();
    if (this.#options.flushMs !== undefined) {
      this.#timer ??= setTimeout(() => this.#send(), this.#options.flushMs);
    }
    return room;
  }

  /** Append what was taken, and wait for all answers. @throws The first failure. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#batcher.isEmpty && !this.failed.aborted) this.#send();
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.failed.throwIfAborted();
  }

  /** Start to append the batch; the promise is of room for the next one. */
  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const answered = this.#append(this.#batcher.take()).finally(() => {
      this.#pending.delete(answered);
    });
    this.#pending.add(answered);
    // Where it rejects, appending has failed, and that is told as such.
    return this.#chain.writable({ signal: this.failed }).catch(() => undefined);
  }

  async #append(events: AppendEvent[]): Promise<void> {
    const { tally } = this;
    tally.unanswered += events.length;
    try {
      const committed = await this.#chain.append(events, this.#options.append);
      tally.unanswered -= events.length;
      this.#count(events.length, committed.firstSequence, committed.lastSequence);
      this.#options.onCommitted(committed);
    } catch (error) {
      if (!isOutcomeUnknown(error)) tally.unanswered -= events.length;
      if (error instanceof AtedbError && error.reason === 'NOT_ATTESTED') {
        const { first_sequence: first, last_sequence: last } = error.metadata;
        this.#count(events.length, Number(first), Number(last));
        tally.unattested += events.length;
      }
      this.#failed.abort(error);
    }
  }

  /** So many events are durable. */
  #count(events: number, first: number, last: number): void {
    const { tally } = this;
    tally.events += events;
    tally.first ??= first;
    tally.last = last;
  }
}

function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof AtedbError)) return false;
  return error.reason === 'OUTCOME_UNKNOWN' || error.metadata.outcome === 'unknown';
}
