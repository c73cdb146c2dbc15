import { AtedbError } from '../bytes/index.ts';
import { type SliceBatch, splitSlice } from '../event/index.ts';

/**
 * Split a slice of the log that somebody has sent: one that isn't valid does not verify.
 *
 * @throws AtedbError VERIFICATION_FAILED.
 */
export function splitOrFail(slice: Buffer): SliceBatch[] {
  try {
    return splitSlice(slice);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `a slice of the log is not valid: ${error.message}. Nothing of it was used`,
      { metadata: error.metadata, cause: error },
    );
  }
}
