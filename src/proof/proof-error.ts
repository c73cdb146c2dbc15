import { AtedbError } from '../bytes/index.ts';

/** The error for a proof that doesn't verify, whatever is wrong with it. */
export function notProven(why: string, cause?: unknown): AtedbError {
  return new AtedbError('VERIFICATION_FAILED', `the proof does not verify: ${why}`, { cause });
}

/** The error for evidence that proves nothing, whatever the reason. */
export function unproven(why: string, cause?: unknown): AtedbError {
  return new AtedbError('VERIFICATION_FAILED', `the evidence proves nothing: ${why}`, { cause });
}

/** Run a check, and say of what it refuses which part of the proof, or of the evidence, that is. */
export async function inPart<T>(
  part: string,
  check: () => T | Promise<T>,
  refusal: typeof notProven = notProven,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason === 'VERIFICATION_FAILED') throw error;
    throw refusal(`${part}: ${error.message}`, error);
  }
}
