import type { Committed } from '../client/index.ts';
import type { AppendTally } from './appender.ts';
import { countOf, isoTime, spanOf } from './safe-text.ts';

/** A batch that is durable, as a line of JSON. */
export function committedJson(committed: Committed): string {
  const { firstSequence, lastSequence, commit, timeUnixMs } = committed;
  return JSON.stringify({ firstSequence, lastSequence, commit, time: isoTime(timeUnixMs) });
}

/** What was appended, in words. */
export function appendSummary(tally: AppendTally): string {
  const { events, first = 0, last = 0, unanswered } = tally;
  const unknown =
    unanswered === 0
      ? ''
      : `; ${countOf(unanswered, 'event')} more may have been: the answer did not come`;
  if (events === 0) return `appended nothing${unknown}`;
  // Other writers may have come between.
  const where =
    last - first + 1 === events ? `as ${spanOf(first, last)}` : `between ${first} and ${last}`;
  return `appended ${countOf(events, 'event')} ${where}${unknown}`;
}
