import { median, percentile } from './statistics.ts';

/** What one repetition gave. */
export interface Measure {
  /** Of the row's unit, a second. */
  readonly rate: number;
  readonly bytesPerSecond?: number;
  /** Of one request: the median, and what 99 of 100 stay below. In microseconds. */
  readonly p50Us?: number;
  readonly p99Us?: number;
}

/** The measure of requests whose durations are known. */
export function measureOf(
  count: number,
  elapsedMs: number,
  durationsMs: readonly number[],
): Measure {
  return {
    rate: (count / elapsedMs) * 1000,
    p50Us: percentile(durationsMs, 0.5) * 1000,
    p99Us: percentile(durationsMs, 0.99) * 1000,
  };
}

/** The median of each figure by itself. */
export function medianOf(measures: readonly Measure[]): Measure {
  const each = (figure: keyof Measure) => {
    const values = measures.flatMap((measure) => measure[figure] ?? []);
    return values.length === 0 ? {} : { [figure]: median(values) };
  };
  return {
    rate: median(measures.map(({ rate }) => rate)),
    ...each('bytesPerSecond'),
    ...each('p50Us'),
    ...each('p99Us'),
  };
}
