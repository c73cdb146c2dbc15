import type { RetentionRule } from '../client/index.ts';
import { UsageError } from './errors.ts';
import { countOf, grouped } from './safe-text.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const unitNames = [
  ['week', unitMs.w],
  ['day', unitMs.d],
  ['hour', unitMs.h],
  ['minute', unitMs.m],
  ['second', unitMs.s],
] as const;

/** Parse an age: seconds, minutes, hours, days or weeks, as 30d. @returns milliseconds. @throws UsageError */
export function parseAge(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * unitMs[unit as keyof typeof unitMs];
  throw new UsageError(
    `${JSON.stringify(text)} is no age: a whole number from 1 on, and s, m, h, d or w, as 12h, 30d or 52w`,
  );
}

/** For how long data is kept, in words. */
export function retentionWords(rule: RetentionRule | undefined): string {
  const { ageMs, count } = rule ?? {};
  const parts = [
    ...(ageMs === undefined ? [] : [`${ageWords(ageMs)} old`]),
    ...(count === undefined ? [] : [`not among the newest ${countOf(count, 'event')}`]),
  ];
  if (parts.length === 0) return 'all data is kept';
  return `data may go that is ${parts.join(', or ')}, by the newest commit`;
}

/** As milliseconds, in the largest unit that says it whole. */
function ageWords(ageMs: number): string {
  for (const [name, ms] of unitNames) if (ageMs % ms === 0) return countOf(ageMs / ms, name);
  return `${grouped(ageMs)} milliseconds`;
}
