import { AtedbError } from '../bytes/index.ts';
import type { CheckVerdict } from './check-messages.ts';

/** What a check says, as it can be sent from thread to thread. */
export function verdictOf(check: () => void): CheckVerdict {
  try {
    check();
    return 'good';
  } catch (error) {
    // Anything else is a defect.
    if (!(error instanceof AtedbError)) throw error;
    const { reason, message, metadata } = error;
    return { reason, message, metadata: { ...metadata } };
  }
}

/** The error that a verdict stands for. */
export function refusal(verdict: Exclude<CheckVerdict, 'good'> | undefined): Error {
  if (verdict === undefined) return new Error('a thread that checks batches left one out');
  const { reason, message, metadata } = verdict;
  return new AtedbError(reason, message, { metadata });
}
