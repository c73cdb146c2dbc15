import { type ChainDamage, lossError } from './damage.ts';
import type { Position } from './position.ts';

/** Bytes of a closed segment that can't be read as batches, and the batches before and after them. */
export interface DamagedSpan {
  readonly start: Position;
  readonly end: Position;
  readonly damage: ChainDamage;
}

/** The damaged parts of a log that are known: nobody is sent any of them, and everybody what is around them. */
export class DamagedSpans {
  readonly #spans: DamagedSpan[] = [];

  add(spans: readonly DamagedSpan[]): void {
    this.#spans.push(...spans);
  }

  /** Whether any of them is in a segment. */
  isIn(segment: number): boolean {
    return this.#spans.length > 0 && this.#in(segment).length > 0;
  }

  /** Refuse a segment of which nothing is left. @throws AtedbError CHAIN_DAMAGED. */
  checkSegment(segment: number): void {
    const lost = this.#in(segment).find(({ start }) => start.offset === 0);
    if (lost !== undefined) throw lossError(lost.damage);
  }

  /**
   * Where those who read on from a position have to stop; undefined where nothing of its segment stops them.
   *
   * @throws AtedbError CHAIN_DAMAGED for a position within a damaged part.
   */
  stopAfter(at: Position): Position | undefined {
    let stop: Position | undefined;
    for (const { start, end, damage } of this.#in(at.segment)) {
      if (start.offset <= at.offset && at.offset < end.offset) throw lossError(damage);
      const isNext = start.offset > at.offset && (stop === undefined || start.offset < stop.offset);
      if (isNext) stop = start;
    }
    return stop;
  }

  /** As `stopAfter`, for those who read back from a position. */
  stopBefore(at: Position): Position | undefined {
    let stop: Position | undefined;
    for (const { start, end, damage } of this.#in(at.segment)) {
      if (start.offset < at.offset && at.offset <= end.offset) throw lossError(damage);
      const isNext = end.offset < at.offset && (stop === undefined || end.offset > stop.offset);
      if (isNext) stop = end;
    }
    return stop;
  }

  #in(segment: number): DamagedSpan[] {
    return this.#spans.filter(({ start }) => start.segment === segment);
  }
}
