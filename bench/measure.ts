import { median, percentile } from './statistics.ts';

/** What one repetition gave. Which figures there are depends on the row. */
export interface Measure {
  /** Of the row's unit, a second. */
  readonly rate?: number;
  readonly bytesPerSecond?: number;
  /** Of one request: the median, and what 99 of 100 stay below. In microseconds. */
  readonly p50Us?: number;
  readonly p99Us?: number;
  /** Of the whole, where the row is about one thing that is waited for. */
  readonly durationMs?: number;
  /** Processor time of that, of all threads of the process. */
  readonly processorMs?: number;
  /** Memory of the server's process: at the end, and at most. */
  readonly residentBytes?: number;
  readonly residentPeakBytes?: number;
}

export type Figure = keyof Measure;

const figures: readonly Figure[] = [
  'rate',
  'bytesPerSecond',
  'p50Us',
  'p99Us',
  'durationMs',
  'processorMs',
  'residentBytes',
  'residentPeakBytes',
];

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

/** The measure of so many bytes of so many things. */
export function throughputOf(count: number, bytes: number, elapsedMs: number): Measure {
  return { rate: (count / elapsedMs) * 1000, bytesPerSecond: (bytes / elapsedMs) * 1000 };
}

/** The median of each figure by itself. */
export function medianOf(measures: readonly Measure[]): Measure {
  return Object.fromEntries(
    figures.flatMap((figure) => {
      const values = measures.flatMap((measure) => measure[figure] ?? []);
      return values.length === 0 ? [] : [[figure, median(values)]];
    }),
  );
}
