import { UsageError } from './errors.ts';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const timePattern =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** A time as the command line says it: from now on, or on the clock. */
export type SaidTime = { readonly inMs: number } | { readonly unixMs: number };

/**
 * Parse a time: minutes, hours, days or weeks from now, as 12h or 30d, or ISO 8601, which is this machine's where it names no zone.
 *
 * @throws UsageError
 */
export function parseSaidTime(text: string): SaidTime {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (count !== undefined) return { inMs: Number(count) * unitMs[unit as keyof typeof unitMs] };
  const spelled = text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T');
  const unixMs = timePattern.test(text) ? Date.parse(spelled) : Number.NaN;
  if (unixMs >= 0) return { unixMs };
  throw new UsageError(
    `${JSON.stringify(text)} is no time: say how long, as 90m, 12h, 30d or 2w, or when, as 2026-12-31 or 2026-12-31T18:00Z`,
  );
}

/** The time that was said. @param nowUnixMs milliseconds since 1970-01-01 UTC. */
export function timeOf(said: SaidTime, nowUnixMs: number): Date {
  return new Date('inMs' in said ? nowUnixMs + said.inMs : said.unixMs);
}
