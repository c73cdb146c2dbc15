import type { Committed } from '../client/index.ts';
import type { AppendTally } from './appender.ts';
import { countOf, isoTime, spanOf } from './safe-text.ts';

/** A batch that is durable, as a line of JSON; of one that is attested, with the checkpoint that says so. */
export function committedJson(committed: Committed): string {
  const { firstSequence, lastSequence, commit, timeUnixMs, checkpoint } = committed;
  const time = isoTime(timeUnixMs);
  const { note } = checkpoint ?? {};
  return JSON.stringify({ firstSequence, lastSequence, commit, time, checkpoint: note });
}

/** What was appended, in words. */
export function appendSummary(tally: AppendTally): string {
  const { events, first = 0, last = 0, unanswered, unattested } = tally;
  const unknown =
    unanswered === 0
      ? ''
      : `; ${countOf(unanswered, 'event')} more may have been: the answer did not come`;
  const notYet = unattested === 0 ? '' : `; ${countOf(unattested, 'event')} of them not attested`;
  if (events === 0) return `appended nothing${unknown}`;
  // Other writers may have come between.
  const where =
    last - first + 1 === events ? `as ${spanOf(first, last)}` : `between ${first} and ${last}`;
  return `appended ${countOf(events, 'event')} ${where}${notYet}${unknown}`;
}
