import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { VerifiedBatch } from './replay-types.ts';
import { verifyAllSigned } from './shown-delegations.ts';
import type { KeyTable } from './signatures.ts';

/** A batch that was checked, but for its signatures. */
export interface Step {
  readonly verified: VerifiedBatch;
  /** Those of its signers, as they were when it came. */
  readonly keys: KeyTable;
  /** Of the first delegation that it shows, where one is to be verified. */
  readonly issuer: PublicKey | undefined;
  /** Whether its seal names the one that its writer's batch before has, so that its signature covers that, too. */
  readonly coversLast: boolean;
}

/** What is wrong with a commit, before it is known which one. */
export class Violation extends Error {}

/** Take a step of a commit's verification. @throws AtedbError VERIFICATION_FAILED, naming the commit. */
export function at<T>(commit: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw failed(commit, error);
  }
}

/** As `at`, of what takes time. */
export async function within(commit: number, step: Promise<void>): Promise<void> {
  try {
    await step;
  } catch (error) {
    throw failed(commit, error);
  }
}

/** Verify the signatures of a batch. @throws AtedbError VERIFICATION_FAILED. */
export async function verifyStep({ verified, keys, issuer }: Step): Promise<void> {
  const { batch, commit } = verified;
  await within(commit.commit, verifyAllSigned(batch, keys, issuer));
}

function failed(commit: number, error: unknown): unknown {
  if (!(error instanceof Violation) && !(error instanceof AtedbError)) return error;
  // Nothing is wrong with what was sent.
  if (error instanceof AtedbError && error.reason === 'HISTORY_COMPACTED') return error;
  return new AtedbError(
    'VERIFICATION_FAILED',
    `commit ${commit} does not verify: ${error.message}. Nothing of it was used; the server, or its copy of the chain, can't be trusted`,
    { metadata: { commit: String(commit) }, cause: error },
  );
}
