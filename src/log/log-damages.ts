import type { ChainDamage } from './damage.ts';
import { type DamagedSpan, DamagedSpans } from './damaged-spans.ts';
import type { SegmentDamage } from './locate-damage.ts';

/** What of a log is known to be damaged. */
export class LogDamages {
  /** The parts that can't be read, of closed segments. */
  readonly spans = new DamagedSpans();
  readonly #all: ChainDamage[] = [];

  constructor(damages: readonly ChainDamage[], spans: readonly DamagedSpan[]) {
    this.#all.push(...damages);
    this.spans.add(spans);
  }

  get all(): readonly ChainDamage[] {
    return this.#all;
  }

  /**
   * Add what was found in a segment.
   *
   * @param isThere whether a file of this name is part of the log: one that was rewritten meanwhile isn't any more.
   * @returns the damages that weren't known.
   */
  add({ damages, spans }: SegmentDamage, isThere: (file: string) => boolean): ChainDamage[] {
    const isNew = ({ file, offset }: ChainDamage) =>
      isThere(file) && !this.#all.some((known) => known.file === file && known.offset === offset);
    const found = damages.filter(isNew);
    this.#all.push(...found);
    this.spans.add(spans.filter(({ damage }) => found.includes(damage)));
    return found;
  }

  /**
   * The damage by which the log has lost its end, so that what can be read last isn't the chain's last.
   *
   * @param nextSequence where what can be read ends.
   */
  lostEnd(nextSequence: number): ChainDamage | undefined {
    return this.#all.find(
      ({ firstSequence, lastSequence = Number.POSITIVE_INFINITY }) =>
        firstSequence !== undefined && lastSequence >= nextSequence,
    );
  }
}
