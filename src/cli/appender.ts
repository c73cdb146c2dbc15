import { batchBytesMax } from '../bytes/index.ts';
import {
  type AppendEvent,
  type AppendOptions,
  AtedbError,
  type Chain,
  type Committed,
} from '../client/index.ts';

/** Room that a batch has for its seal and its commit. */
const sealBytesMax = 8192;

/** More than an event takes beside its data and its type: keys, hash, salt, times and lengths. */
const eventOverheadBytes = 256;

/** What the events of one batch may take together. */
const batchContentBytesMax = batchBytesMax - sealBytesMax;

/** The longest type that a command takes, in bytes, and the longest record: both fit into one batch. */
export const recordBytesMax = batchContentBytesMax - eventOverheadBytes - 255;

/** What has become of what was appended so far. */
export interface AppendTally {
  /** Events that are durable. */
  events: number;
  /** Lowest and highest sequence among them. */
  first: number | undefined;
  last: number | undefined;
  /** Events that were sent and have no answer: they may be durable or not. */
  unanswered: number;
}

/** How to append. */
export interface AppenderOptions {
  /** What all events say beside their data. */
  readonly event: Omit<AppendEvent, 'data'>;
  /** Events in a batch. One whose events are large has fewer. */
  readonly eventsMax: number;
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
  readonly #eventBytes: number;
  readonly #failed = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #batch: AppendEvent[] = [];
  #batchBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly tally: AppendTally = { events: 0, first: undefined, last: undefined, unanswered: 0 };

  constructor(chain: Pick<Chain, 'append' | 'writable'>, options: AppenderOptions) {
    this.#chain = chain;
    this.#options = options;
    this.#eventBytes = eventOverheadBytes + Buffer.byteLength(options.event.type ?? '');
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
    const bytes = data.length + this.#eventBytes;
    let room: Promise<void> | undefined;
    if (this.#batchBytes + bytes > batchContentBytesMax) room = this.#send();
    this.#batch.push({ ...this.#options.event, data });
    this.#batchBytes += bytes;
    if (this.#batch.length >= this.#options.eventsMax) return this.#send();
    if (this.#options.flushMs !== undefined) {
      this.#timer ??= setTimeout(() => this.#send(), this.#options.flushMs);
    }
    return room;
  }

  /** Append what was taken, and wait for all answers. @throws The first failure. */
  async finish(): Promise<void> {
    if (this.#batch.length > 0 && !this.failed.aborted) this.#send();
    clearTimeout(this.#timer);
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.failed.throwIfAborted();
  }

  /** Start to append the batch; the promise is of room for the next one. */
  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    const answered = this.#append(events).finally(() => this.#pending.delete(answered));
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
      tally.events += events.length;
      tally.first ??= committed.firstSequence;
      tally.last = committed.lastSequence;
      this.#options.onCommitted(committed);
    } catch (error) {
      if (!isOutcomeUnknown(error)) tally.unanswered -= events.length;
      this.#failed.abort(error);
    }
  }
}

function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof AtedbError)) return false;
  return error.reason === 'OUTCOME_UNKNOWN' || error.metadata.outcome === 'unknown';
}
