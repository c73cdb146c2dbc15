import { AtedbError } from '../bytes/index.ts';

/** The error for a proof that doesn't verify, whatever is wrong with it. */
export function notProven(why: string, cause?: unknown): AtedbError {
  return new AtedbError('VERIFICATION_FAILED', `the proof does not verify: ${why}`, { cause });
}

/** Run a check, and say of what it refuses which part of the proof that is. */
export async function inPart<T>(part: string, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason === 'VERIFICATION_FAILED') throw error;
    throw notProven(`${part}: ${error.message}`, error);
  }
}
