import { AtedbError, KeySequences } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import {
  type Batch,
  dataStates,
  erases,
  layoutOf,
  layoutStride,
  writesObject,
} from '../event/index.ts';
import { Forgotten } from './forgotten.ts';
import { type EventPlace, isBelow, type RetentionFloor } from './retention.ts';

const keyBytes = 16;
/** Objects whose newest event so far was dropped: of more, a secret sample is kept. 32 MiB at the most. */
const droppedMax = 2 ** 20;
/** Events that are erased, and whose redaction is still to come. */
const redactedMax = 2 ** 17;

/** Data that is gone, and that nothing has allowed. */
export interface Unallowed {
  readonly sequence: number;
  /** In words, of the event of that sequence. */
  readonly why: string;
  /** Whether it is the snapshot that has to say what may be gone. */
  readonly isSnapshot?: true;
}

/** An event whose data is said to be erased. */
interface Erased {
  readonly sequence: number;
  /** 16 bytes. */
  readonly primaryKey: Buffer;
}

/** How much is kept at the most; for tests. */
export interface OwedDataOptions {
  readonly droppedMax?: number;
  readonly redactedMax?: number;
}

/**
 * What a reader still has to see of a chain, since data of it is gone: of dropped data something newer of the same object, of erased
 * data the redaction that it names, of expired data a rule for retention by which it is old enough. Events are noted in order; who has read to the head asks what is left. Its memory is bounded: of very many
 * dropped objects a sample is kept that nobody else knows, so that who drops what must stay is found out all the same, if not each time.
 */
export class OwedData {
  /** Of objects whose newest event so far was dropped. */
  readonly #dropped: KeySequences;
  /** By the sequence of the redaction that they name. */
  readonly #erased = new Map<number, Erased[]>();
  readonly #redactedMax: number;
  #erasedCount = 0;
  /** The highest event that retention is said to have let go: what lets that go has let go all before it. */
  #expired: EventPlace | undefined;
  #notKept = 0;
  #unallowed: Unallowed[] = [];
  /** Whole events and commits that are gone, and the snapshots that are to come for it. */
  readonly forgotten = new Forgotten();

  constructor(options: OwedDataOptions = {}) {
    const { droppedMax: keysMax = droppedMax } = options;
    this.#dropped = new KeySequences({ secret: randomSecret(), keysMax });
    this.#redactedMax = options.redactedMax ?? redactedMax;
  }

  /** Whether something is still to come. */
  get isOwed(): boolean {
    return this.count > 0;
  }

  /** How many events there are, at least, whose data nothing has allowed to go so far, and snapshots that are to come. */
  get count(): number {
    const expired = this.#expired === undefined ? 0 : 1;
    return this.#dropped.size + this.#erasedCount + expired + this.forgotten.count;
  }

  /** The highest event that retention is said to have let go, where nothing has shown that it has; undefined for none. */
  get expired(): EventPlace | undefined {
    return this.#expired;
  }

  /** So much was let go by the chain's rules for retention. */
  settleBelow(floor: RetentionFloor): void {
    if (this.#expired !== undefined && isBelow(floor, this.#expired)) this.#expired = undefined;
  }

  /** Of so many dropped objects one was looked at. */
  get oneIn(): number {
    return this.#dropped.oneIn;
  }

  /** Number of erased events that were too many to look at. */
  get notKept(): number {
    return this.#notKept;
  }

  /**
   * Take note of the events of a batch, which was verified by itself.
   *
   * @param timeUnixMs of its commit.
   */
  add(batch: Batch, firstSequence: number, timeUnixMs: number): void {
    const { layout, count } = batch;
    const why = this.forgotten.meet(batch, firstSequence, timeUnixMs);
    if (why !== undefined) this.#unallowed.push({ sequence: firstSequence, isSnapshot: true, why });
    for (let index = 0; index < count; index += 1) {
      const at = index * layoutStride;
      const state = layout[at + layoutOf.dataState] as number;
      // Nearly all events of nearly all chains.
      if (state === 0 && this.#dropped.size === 0 && this.#erased.size === 0) continue;
      const sequence = firstSequence + index;
      const keyStart = layout[at + layoutOf.keyStart] as number;
      if (this.#erased.size > 0) this.#meet(batch, index, sequence);
      if (!writesObject(layout[at + layoutOf.kind] as number)) continue;
      if (state === dataStates.dropped) this.#dropped.set(batch.bytes, keyStart, sequence);
      else this.#dropped.delete(batch.bytes, keyStart);
      if (state === dataStates.redacted) this.#owe(batch, index, sequence);
      if (state === dataStates.expired) this.#expired = { sequence, timeUnixMs };
    }
  }

  /** What was named and has come, and doesn't allow what it was named for; each is told once. */
  takeUnallowed(): readonly Unallowed[] {
    const unallowed = this.#unallowed;
    this.#unallowed = [];
    return unallowed;
  }

  /**
   * What is left, the lowest sequences first: of who has read all there is, that is data that nothing has allowed to go.
   *
   * @param countMax the most that are told.
   */
  left(countMax: number): readonly Unallowed[] {
    const dropped = this.#dropped.lowest(countMax).map((sequence) => ({
      sequence,
      why: 'its data was dropped, and nothing newer of its object is there',
    }));
    const erased: Unallowed[] = [];
    for (const [redaction, events] of this.#erased) {
      for (const { sequence } of events) {
        erased.push({
          sequence,
          why: `its data is said to be erased by the redaction at sequence ${redaction}, which isn't there`,
        });
      }
    }
    const expired = (this.#expired === undefined ? [] : [this.#expired]).map(({ sequence }) => ({
      sequence,
      why: 'its data is said to have been let go by a rule of the chain for retention, and none has done so',
    }));
    const snapshots = this.forgotten.snapshots.map((sequence) => ({
      sequence,
      isSnapshot: true as const,
      why: `whole events are said to be gone by the snapshot at sequence ${sequence}, which isn't there`,
    }));
    const all = [...dropped, ...erased, ...expired, ...snapshots].sort(
      (a, b) => a.sequence - b.sequence,
    );
    return all.slice(0, countMax);
  }

  /** Take note of what names its redaction. */
  #owe(batch: Batch, index: number, sequence: number): void {
    const redaction = batch.redactedBy(index) ?? 0;
    if (redaction <= sequence) {
      const why = `its data is said to be erased by the redaction at sequence ${redaction}, which isn't behind it`;
      this.#unallowed.push({ sequence, why });
      return;
    }
    if (this.#erasedCount >= this.#redactedMax) {
      this.#notKept += 1;
      return;
    }
    const events = this.#erased.get(redaction) ?? [];
    // Who goes over some batches once more, as a verification does behind what is wrong, notes them once.
    const isAgain = (events.at(-1)?.sequence ?? 0) >= sequence;
    if (isAgain && events.some((event) => event.sequence === sequence)) return;
    const primaryKey = Buffer.from(keyOf(batch, index));
    events.push({ sequence, primaryKey });
    this.#erased.set(redaction, events);
    this.#erasedCount += 1;
  }

  /** The event of a sequence is there, which others may name as their redaction. */
  #meet(batch: Batch, index: number, sequence: number): void {
    const events = this.#erased.get(sequence);
    if (events === undefined) return;
    this.#erased.delete(sequence);
    this.#erasedCount -= events.length;
    const redaction =
      batch.kindOf(index) === 'redaction' ? batch.authorityOf(index).redaction : undefined;
    const primaryKey = keyOf(batch, index);
    for (const event of events) {
      if (redaction !== undefined && erases({ sequence, primaryKey, redaction }, event)) continue;
      const what = redaction === undefined ? 'is no redaction' : "doesn't name it";
      const why = `its data is said to be erased by the event at sequence ${sequence}, which ${what}`;
      this.#unallowed.push({ sequence: event.sequence, why });
    }
  }
}

/** What is gone without being allowed to, in words. */
export function unallowedText({ sequence, why, isSnapshot }: Unallowed): string {
  return isSnapshot === true
    ? `events are gone, and nothing allows that: ${why}`
    : `the data of event ${sequence} is not there, and nothing allows that: ${why}`;
}

/** Refuse what holds data that nothing has allowed to go. @throws AtedbError VERIFICATION_FAILED, naming the first of them. */
export function refuseUnallowed(unallowed: readonly Unallowed[]): void {
  const [first] = unallowed;
  if (first === undefined) return;
  throw new AtedbError(
    'VERIFICATION_FAILED',
    `${unallowedText(first)}. The server, or its copy of the chain, can't be trusted`,
    { metadata: { sequence: String(first.sequence) } },
  );
}

function keyOf({ bytes, layout }: Batch, index: number): Buffer {
  const start = layout[index * layoutStride + layoutOf.keyStart] as number;
  return bytes.subarray(start, start + keyBytes);
}
