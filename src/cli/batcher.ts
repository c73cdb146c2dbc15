import { batchBytesMax } from '../bytes/index.ts';
import type { AppendEvent } from '../client/index.ts';

/** Room that a batch has for its seal and its commit. */
const sealBytesMax = 8192;

/** More than an event takes beside its data and its type: keys, hash, salt, times and lengths. */
const eventOverheadBytes = 256;

/** What the events of one batch may take together. */
const contentBytesMax = batchBytesMax - sealBytesMax;

/** The longest record in bytes: with any type, it fits into a batch by itself. */
export const recordBytesMax = contentBytesMax - eventOverheadBytes - 255;

/** What is the same for all events of a run. */
export interface BatchRule {
  /** What an event says beside its data. */
  readonly event: Omit<AppendEvent, 'data'>;
  /** What the first event of all says besides. */
  readonly first?: Omit<AppendEvent, 'data'> | undefined;
  /** Events in a batch. One whose events are large has fewer. */
  readonly eventsMax: number;
}

/** Gathers records into batches that are within the limits. */
export class Batcher {
  readonly #rule: BatchRule;
  readonly #overheadBytes: number;
  #events: AppendEvent[] = [];
  #bytes = 0;
  #isFirst = true;

  constructor(rule: BatchRule) {
    this.#rule = rule;
    this.#overheadBytes = eventOverheadBytes + Buffer.byteLength(rule.event.type ?? '');
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  get isFull(): boolean {
    return this.#events.length >= this.#rule.eventsMax;
  }

  /** Whether a record of at most `recordBytesMax` can be added; it always can be to an empty batch. */
  fits(data: Buffer): boolean {
    return !this.isFull && this.#bytes + data.length + this.#overheadBytes <= contentBytesMax;
  }

  add(data: Buffer): void {
    const { event, first } = this.#rule;
    this.#events.push(this.#isFirst ? { ...event, ...first, data } : { ...event, data });
    this.#isFirst = false;
    this.#bytes += data.length + this.#overheadBytes;
  }

  /** Take the batch, and begin the next. */
  take(): AppendEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }
}
