import { AtedbError } from '../bytes/index.ts';

/** Where a subscription starts. */
export type SubscribeFrom =
  /** At the chain's first event, its genesis. */
  | 'start'
  /** After the newest event there is now. */
  | 'now'
  /** At the event of this sequence; the next one to come is allowed. */
  | { readonly sequence: number }
  /** At the first batch accepted at or after this time: milliseconds since 1970-01-01 UTC. */
  | { readonly timeUnixMs: number };

/**
 * Refuse a start that is none, as programs without types may give: taken for the default it would send a whole history.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function checkFrom(from: unknown): void {
  if (from === undefined || from === 'start' || from === 'now') return;
  if (typeof from === 'object' && from !== null) {
    const { sequence, timeUnixMs } = from as { sequence?: unknown; timeUnixMs?: unknown };
    const named = [sequence, timeUnixMs].filter((value) => value !== undefined);
    if (named.length === 1 && isCount(named[0])) return;
  }
  throw new AtedbError(
    'REQUEST_INVALID',
    `${wordFor(from)} is no start of a subscription: give 'start', 'now', { sequence: 8 }, or { timeUnixMs: Date.now() }, in whole numbers from 0 on`,
    { metadata: { field: 'from' } },
  );
}

/** Refuse to go on where nobody can say whether it is safe. @throws AtedbError REQUEST_INVALID. */
export function checkResumes(options: {
  readonly from?: SubscribeFrom | undefined;
  readonly resumes?: boolean | undefined;
}): void {
  const { from, resumes } = options;
  if (resumes !== true || (typeof from === 'object' && 'sequence' in from)) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `resumes is for a subscription from a sequence, up to which all was read before, and not from ${wordFor(from)}`,
    { metadata: { field: 'resumes' } },
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function wordFor(from: unknown): string {
  try {
    return JSON.stringify(from) ?? String(from);
  } catch {
    return String(from);
  }
}
