import { AtedbError } from '../bytes/index.ts';
import { Fields, readStoredCheckpoint, verifyStoredCheckpoint } from '../proof/index.ts';
import type { SignedHead } from '../trust/index.ts';

const unusable = (why: string) => new AtedbError('STORAGE_FAILED', why);

/**
 * Read the field `checkpoint` of a file, and verify it.
 *
 * @returns undefined where there is none.
 * @throws AtedbError STORAGE_FAILED where it doesn't verify.
 */
export async function parseCheckpointFields(
  path: string,
  fields: Record<string, unknown>,
  chainId: Buffer,
): Promise<SignedHead | undefined> {
  const { checkpoint } = fields;
  if (checkpoint === undefined) return undefined;
  try {
    const stored = readStoredCheckpoint(new Fields('it', checkpoint, unusable));
    return await verifyStoredCheckpoint(stored, chainId);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AtedbError(
      'STORAGE_FAILED',
      `${path} can't be used: its "checkpoint" does not verify: ${why}. If it was damaged, delete it: what it holds is learned again`,
      { metadata: { path }, cause: error },
    );
  }
}
