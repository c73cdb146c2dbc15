import { UsageError } from './errors.ts';

/** Where a stream of events starts. */
export type StartPoint = 'start' | 'now' | { sequence: number } | { timeUnixMs: number };

const timePattern =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Parse where to start: a sequence, "start", "now", or a time in ISO 8601, which is this machine's where it names
 * no zone; a day starts at its midnight.
 * @throws UsageError
 */
export function parseStartPoint(text: string): StartPoint {
  if (text === 'start' || text === 'now') return text;
  if (/^\d{1,16}$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER) {
    return { sequence: Number(text) };
  }
  // By itself, Date takes a day for midnight in UTC, and a time of day for the local one.
  const spelled = text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T');
  const timeUnixMs = timePattern.test(text) ? Date.parse(spelled) : Number.NaN;
  if (timeUnixMs >= 0) return { timeUnixMs };
  throw new UsageError(
    `${JSON.stringify(text)} is not where a chain can be followed from: a sequence, "start", "now", or a time as ` +
      '2026-01-31T23:59:00Z',
  );
}
