import type { WrappedKey } from '../event/index.ts';
import { fairCut } from './fair-cut.ts';

/** A read key that was handed out, with who has done so: the fingerprint, in hexadecimal, of the key that sealed the batch. */
export interface KeptWrap extends WrappedKey {
  readonly giver: string;
  /** Whether it was tried, and isn't what it says. What is sealed never changes, so that it isn't tried again. */
  hasFailed: boolean;
}

/** Of one read key for one reader: whoever may write anything may hand out something that isn't the key. */
const ofOneMax = 8;

/** What is kept of one read key. */
interface OfReadKey {
  readonly byRecipient: Map<string, readonly KeptWrap[]>;
  /** The readers, each once; undefined: to be made anew. Events that can't be opened name them, one by one. */
  holders: readonly Buffer[] | undefined;
}

/**
 * Wrapped keys by read key and reader, several of each, since who was given one may hand out another that isn't the key. Where there
 * are too many, whoever has handed out the most loses his oldest.
 */
export class KeptWraps {
  readonly #max: number;
  /** In the order in which they came. */
  readonly #all = new Set<KeptWrap>();
  readonly #byReadKey = new Map<string, OfReadKey>();

  /** @param max so many are kept. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Oldest first. */
  get all(): Iterable<KeptWrap> {
    return this.#all;
  }

  /** Whether any is kept of a read key, in hexadecimal. */
  has(readKeyId: string): boolean {
    return this.#byReadKey.has(readKeyId);
  }

  /** Those of a read key for a reader, both in hexadecimal. */
  of(readKeyId: string, recipient: string): readonly KeptWrap[] {
    return this.#byReadKey.get(readKeyId)?.byRecipient.get(recipient) ?? [];
  }

  /** Fingerprints of the readers of a read key, in hexadecimal; the same list until they change. */
  holdersOf(readKeyId: string): readonly Buffer[] {
    const of = this.#byReadKey.get(readKeyId);
    if (of === undefined) return none;
    of.holders ??= [...of.byRecipient.keys()].map((recipient) => Buffer.from(recipient, 'hex'));
    return of.holders;
  }

  /** Keep one beside the others. Copied: it lies in a whole slice. */
  add({ readKeyId, recipient, wrapped }: WrappedKey, giver: string): void {
    const [id, to] = [readKeyId.toString('hex'), recipient.toString('hex')];
    const before = this.of(id, to);
    if (before.some((one) => one.wrapped.equals(wrapped))) return;
    // Of too many the first stays, which is nearly always the right one, and the newest.
    if (before.length === ofOneMax) this.#drop(before[1] as KeptWrap);
    const kept: KeptWrap = {
      readKeyId: Buffer.from(readKeyId),
      recipient: Buffer.from(recipient),
      wrapped: Buffer.from(wrapped),
      giver,
      hasFailed: false,
    };
    const of = this.#byReadKey.get(id) ?? { byRecipient: new Map(), holders: undefined };
    this.#byReadKey.set(id, of);
    of.byRecipient.set(to, [...this.of(id, to), kept]);
    of.holders = undefined;
    this.#all.add(kept);
    if (this.#all.size <= this.#max) return;
    // An eighth at once, so that choosing costs little for each.
    const gone = fairCut([...this.#all], (one) => one.giver, this.#max - Math.ceil(this.#max / 8));
    for (const one of gone) this.#drop(one);
  }

  #drop(gone: KeptWrap): void {
    this.#all.delete(gone);
    const [id, to] = [gone.readKeyId.toString('hex'), gone.recipient.toString('hex')];
    const of = this.#byReadKey.get(id) as OfReadKey;
    const left = this.of(id, to).filter((one) => one !== gone);
    of.holders = undefined;
    if (left.length > 0) of.byRecipient.set(to, left);
    else of.byRecipient.delete(to);
    if (of.byRecipient.size === 0) this.#byReadKey.delete(id);
  }
}

const none: readonly Buffer[] = [];
