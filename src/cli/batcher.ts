import { batchBytesMax, eventHeaderBytesMax } from '../bytes/index.ts';
import type { AppendEvent } from '../client/index.ts';
import { paddedLength } from '../crypto/index.ts';

/** Room that a batch has for its seal, with the conditions and the writer's signature and key, and its commit. */
const sealBytesMax = 12_288;
/** What another signer takes: a signature and a key. */
const signerBytes = 8_192;
/** What an event takes that says who it is from, for each of them; and what sealing its data does, and a name's label. */
const signWithBytes = 36;
const sealedEventBytes = 160;

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
  /** How many keys sign besides the writer's. Default: none. */
  readonly coSigners?: number | undefined;
  /** Whether sealed data is padded. Default: no. */
  readonly pads?: boolean | undefined;
  /** Events in a batch. One whose events are large has fewer. */
  readonly eventsMax: number;
}

/** Gathers records into batches that are within the limits. */
export class Batcher {
  readonly #rule: BatchRule;
  readonly #overheadBytes: number;
  readonly #contentBytesMax: number;
  #events: AppendEvent[] = [];
  #bytes = 0;
  #isFirst = true;

  constructor(rule: BatchRule) {
    this.#rule = rule;
    const { event, first = {}, coSigners = 0 } = rule;
    this.#overheadBytes =
      eventOverheadBytes +
      sealedEventBytes +
      (1 + coSigners) * signWithBytes +
      Buffer.byteLength(event.type ?? '');
    // Rules may come with the keys that they name.
    const rulesBytes = Object.keys(first).length === 0 ? 0 : eventHeaderBytesMax;
    this.#contentBytesMax = contentBytesMax - coSigners * signerBytes - rulesBytes;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  get isFull(): boolean {
    return this.#events.length >= this.#rule.eventsMax;
  }

  /** Whether a record of at most `recordBytesMax` can be added; it always can be to an empty batch. */
  fits(data: Buffer): boolean {
    if (this.isEmpty) return true;
    return !this.isFull && this.#bytes + this.#bytesOf(data) <= this.#contentBytesMax;
  }

  add(data: Buffer): void {
    const { event, first } = this.#rule;
    this.#events.push(this.#isFirst ? { ...event, ...first, data } : { ...event, data });
    this.#isFirst = false;
    this.#bytes += this.#bytesOf(data);
  }

  /** What an event of these data takes at most. */
  #bytesOf({ length }: Buffer): number {
    return this.#overheadBytes + paddedLength(length, this.#rule.pads === true ? 'padme' : 'mark');
  }

  /** Take the batch, and begin the next. */
  take(): AppendEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return events;
  }
}
