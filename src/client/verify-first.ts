import { AtedbError } from '../bytes/index.ts';
import { type Genesis, type SliceBatch, splitSlice } from '../event/index.ts';
import { verifyGenesis } from '../trust/index.ts';

/** Verify the first batch of a chain, with its commit. @throws AtedbError VERIFICATION_FAILED. */
export async function verifyFirst(
  slice: Buffer,
): Promise<{ genesis: Genesis; commitHeader: Buffer }> {
  try {
    // Copied, since what the genesis says is kept for as long as the chain is open.
    const [first, ...others] = splitSlice(Buffer.from(slice));
    if (first === undefined || others.length > 0) throw verificationFailed('it is not one batch');
    const { genesis, batch } = await verifyGenesis(first.run);
    if (!isFirst(first) || !first.commit.sealHash.equals(batch.seal.hash)) {
      throw verificationFailed("its genesis has another batch's commit");
    }
    return { genesis, commitHeader: first.commit.headerBytes };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason === 'VERIFICATION_FAILED') throw error;
    throw verificationFailed(`its genesis does not verify: ${error.message}`, error);
  }
}

function isFirst({ commit }: SliceBatch): boolean {
  return commit.commit === 0 && commit.firstSequence === 0 && commit.events === 1;
}

function verificationFailed(why: string, cause?: unknown): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server says of the chain can't be true: ${why}. Nothing of it was used`,
    { cause },
  );
}
