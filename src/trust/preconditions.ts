import { AtedbError } from '../bytes/index.ts';
import type { Precondition } from '../event/index.ts';

/** What conditions are checked against: the state before the batch. */
export interface ConditionFacts {
  /** Sequence that the batch's first event would get. */
  readonly firstSequence: number;
  /** Number of the batch's events. */
  readonly events: number;
  /** Sequence after the newest event of any other writer. */
  readonly endOfOthers: number;
}

/**
 * Check the conditions of a batch.
 *
 * @throws AtedbError PRECONDITION_FAILED naming the first that doesn't hold, and what is.
 */
export function checkPreconditions(
  conditions: readonly Precondition[],
  facts: ConditionFacts,
): void {
  for (const condition of conditions) {
    if (condition.kind === 'chain_unchanged') {
      if (facts.endOfOthers > condition.sinceSequence) {
        throw failed(
          condition.kind,
          `another writer changed the chain at sequence ${facts.endOfOthers - 1}, and it was to be unchanged from ${condition.sinceSequence} on`,
          facts.endOfOthers - 1,
        );
      }
    } else if (facts.firstSequence + facts.events > condition.sequence) {
      throw failed(
        condition.kind,
        `the batch would end at sequence ${facts.firstSequence + facts.events - 1}, and was to land before ${condition.sequence}`,
        facts.firstSequence,
      );
    }
  }
}

function failed(condition: string, why: string, sequence: number): AtedbError {
  return new AtedbError('PRECONDITION_FAILED', `${why}. Read what happened, then decide anew`, {
    metadata: { condition, sequence: String(sequence) },
  });
}
