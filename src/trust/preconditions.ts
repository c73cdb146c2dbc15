import { AtedbError } from '../bytes/index.ts';
import type { Fence, KeyUnchanged, Precondition } from '../event/index.ts';

/** What conditions are checked against: the state before the batch. */
export interface ConditionFacts {
  /** Sequence that the batch's first event would get. */
  readonly firstSequence: number;
  /** Number of the batch's events. */
  readonly events: number;
  /** Sequence after the newest event of any other writer. */
  readonly endOfOthers: number;
  /** Sequence after the newest event of any other writer on an object, as far as that is known; 0 for none. */
  readonly endOfOthersOn: (condition: KeyUnchanged) => number;
  /** Whether a lease is held by this token. Absent: nobody here can know, and the server's word is taken for it. */
  readonly holdsLease?: ((fence: Fence) => boolean) | undefined;
}

/**
 * Check the conditions of a batch.
 *
 * @throws AtedbError PRECONDITION_FAILED naming the first that doesn't hold, and what is; LEASE_LOST where that is a lease.
 */
export function checkPreconditions(
  conditions: readonly Precondition[],
  facts: ConditionFacts,
): void {
  for (const condition of conditions) checkOne(condition, facts);
}

function checkOne(condition: Precondition, facts: ConditionFacts): void {
  switch (condition.kind) {
    case 'chain_unchanged':
      if (facts.endOfOthers <= condition.sinceSequence) return;
      throw failed(
        condition.kind,
        `another writer changed the chain at sequence ${facts.endOfOthers - 1}, and it was to be unchanged from ${condition.sinceSequence} on`,
        facts.endOfOthers - 1,
      );
    case 'lands_before':
      if (facts.firstSequence + facts.events <= condition.sequence) return;
      throw failed(
        condition.kind,
        `the batch would end at sequence ${facts.firstSequence + facts.events - 1}, and was to land before ${condition.sequence}`,
        facts.firstSequence,
      );
    case 'fence':
      if (facts.holdsLease?.(condition) ?? true) return;
      throw leaseNotHeld(condition);
    case 'key_unchanged': {
      const end = facts.endOfOthersOn(condition);
      if (end <= condition.sinceSequence) return;
      throw failed(
        condition.kind,
        `another writer changed the object ${condition.primaryKey.toString('hex')} at sequence ${end - 1}, and it was to be unchanged from ${condition.sinceSequence} on`,
        end - 1,
        { primary_key: condition.primaryKey.toString('hex') },
      );
    }
  }
}

function leaseNotHeld({ primaryKey, token }: Fence): AtedbError {
  const object = primaryKey.toString('hex');
  return new AtedbError(
    'LEASE_LOST',
    `the lease on the object ${object} is not held by the token ${token}, or not any more. Lock it again, read what happened, then decide anew`,
    { metadata: { primary_key: object, token: String(token) } },
  );
}

function failed(
  condition: string,
  why: string,
  sequence: number,
  about: Record<string, string> = {},
): AtedbError {
  return new AtedbError('PRECONDITION_FAILED', `${why}. Read what happened, then decide anew`, {
    metadata: { condition, sequence: String(sequence), ...about },
  });
}
