import type { Measure } from './measure.ts';

/** What a target is judged by. */
export interface Medians {
  readonly ours: Measure;
  readonly floors: readonly Measure[];
  /** Ours as a share of the lowest floor. */
  readonly ratio: number | undefined;
}

/** What a row should reach. */
export interface Target {
  readonly text: string;
  /** NaN where the row has no such figure. */
  value(medians: Medians): number;
  isMet(value: number): boolean;
}

/** A target beside what was reached. */
export interface JudgedTarget {
  readonly text: string;
  readonly value: number;
  readonly isMet: boolean;
}

/** Hold what was measured against a target. */
export function judge(target: Target, medians: Medians): JudgedTarget {
  const value = target.value(medians);
  return { text: target.text, value, isMet: target.isMet(value) };
}

/** At least this share of the floor. */
export function shareOfFloorAtLeast(share: number, floor = 'floor'): Target {
  return {
    text: `≥ ${share} × ${floor}`,
    value: ({ ratio }) => ratio ?? Number.NaN,
    isMet: (value) => value >= share,
  };
}

/** At least this share of one of the floors, of several that say different things. */
export function shareOfOneFloorAtLeast(index: number, share: number, floor: string): Target {
  return {
    text: `≥ ${share} × ${floor}`,
    value: ({ ours, floors }) => (ours.rate ?? Number.NaN) / (floors[index]?.rate ?? Number.NaN),
    isMet: (value) => value >= share,
  };
}

/** At least so many a second. */
export function rateAtLeast(rate: number, unit: string): Target {
  return {
    text: `≥ ${rate.toLocaleString('en-GB')} ${unit}/s`,
    value: ({ ours }) => ours.rate ?? Number.NaN,
    isMet: (value) => value >= rate,
  };
}

/** The slowest in a hundred requests take at most so many times as long as the median. */
export function p99AtMost(times: number): Target {
  return {
    text: `p99 ≤ ${times} × p50`,
    value: ({ ours }) => (ours.p99Us ?? Number.NaN) / (ours.p50Us ?? Number.NaN),
    isMet: (value) => value <= times,
  };
}

/** The median takes at most so many times as long as the floor's. */
export function p50AtMostTimesFloor(times: number): Target {
  return {
    text: `p50 ≤ ${times} × floor`,
    value: ({ ours, floors }) => (ours.p50Us ?? Number.NaN) / (floors[0]?.p50Us ?? Number.NaN),
    isMet: (value) => value <= times,
  };
}

/** The slowest in a hundred requests take at most so many times as long as the floor's. */
export function p99AtMostTimesFloor(times: number): Target {
  return {
    text: `p99 ≤ ${times} × floor`,
    value: ({ ours, floors }) => (ours.p99Us ?? Number.NaN) / (floors[0]?.p99Us ?? Number.NaN),
    isMet: (value) => value <= times,
  };
}

/** It takes at most so many times as much of a processor as the floor. */
export function processorAtMostTimesFloor(times: number): Target {
  return {
    text: `≤ ${times} × floor, of a core`,
    value: ({ ours, floors }) =>
      (ours.processorMs ?? Number.NaN) / (floors[0]?.processorMs ?? Number.NaN),
    isMet: (value) => value <= times,
  };
}

/** At most so long. */
export function durationAtMost(durationMs: number): Target {
  return {
    text: `≤ ${durationMs} ms`,
    value: ({ ours }) => ours.durationMs ?? Number.NaN,
    isMet: (value) => value <= durationMs,
  };
}

/** At most so much of a processor, however many others want it. */
export function processorAtMost(processorMs: number): Target {
  return {
    text: `≤ ${processorMs} ms of a core`,
    value: ({ ours }) => ours.processorMs ?? Number.NaN,
    isMet: (value) => value <= processorMs,
  };
}

/** At most so much longer than the floor takes. */
export function durationBeyondFloorAtMost(durationMs: number): Target {
  return {
    text: `≤ ${durationMs} ms more than the floor`,
    value: ({ ours, floors }) =>
      (ours.durationMs ?? Number.NaN) - (floors[0]?.durationMs ?? Number.NaN),
    isMet: (value) => value <= durationMs,
  };
}

const mebibyte = 1024 * 1024;

/** At least so many mebibytes a second. */
export function mebibytesAtLeast(mebibytes: number): Target {
  return {
    text: `≥ ${mebibytes} MiB/s`,
    value: ({ ours }) => (ours.bytesPerSecond ?? Number.NaN) / mebibyte,
    isMet: (value) => value >= mebibytes,
  };
}

/** At most so much memory, when all is over. @param what that is, by the word that it begins with. */
export function residentAtMost(mebibytes: number, what = 'RSS '): Target {
  return {
    text: `${what}≤ ${mebibytes} MiB`,
    value: ({ ours }) => (ours.residentBytes ?? Number.NaN) / mebibyte,
    isMet: (value) => value <= mebibytes,
  };
}
