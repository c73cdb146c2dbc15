import { AtedbError } from '../bytes/index.ts';
import type { Batch, TreeHead } from '../event/index.ts';
import type { ClosedFacts } from './key-index.ts';

/** A batch whose own contents were checked: what remains is whether the chain takes it. */
export interface PreparedBatch {
  readonly batch: Batch;
  /** Root of the head that its seal names, as this chain has it; undefined where it has none of that size. */
  readonly asOfRoot: Buffer | undefined;
  /** What the objects of its conditions were in closed segments. */
  readonly closedFacts: ClosedFacts | undefined;
  /** Whether it has a redaction. */
  readonly isErasing: boolean;
}

/** A batch that has its place. */
export interface SubmittedBatch {
  /** It had its place before: this is the first answer again. */
  readonly isRetry: boolean;
  readonly sealHash: Buffer;
  readonly commitHeader: Buffer;
  /** Resolves with a head that it is in once it is durable; rejects with STORAGE_FAILED. */
  readonly durable: Promise<TreeHead>;
}

/** What a writer must know to go on. */
export interface WriterStanding {
  readonly nextCounter: number;
  /** The serialised Seal of its last batch; undefined where it has none. */
  readonly lastSeal: Buffer | undefined;
}

/** Whether a key, by the hexadecimal of its fingerprint, was proven by whoever sends a batch. */
export type IsProven = (fingerprint: string) => Promise<boolean> | boolean;

/** Check that all keys are proven, of which proofs may still be verified. @throws AtedbError KEY_NOT_PROVEN. */
export async function checkProven(signers: readonly string[], isProven: IsProven): Promise<void> {
  for (const signer of signers) {
    if (await isProven(signer)) continue;
    throw new AtedbError(
      'KEY_NOT_PROVEN',
      `the batch has no signature, and its key ${signer} is not proven on this stream. Prove the key first, or sign the batch`,
      { metadata: { fingerprint: signer } },
    );
  }
}
