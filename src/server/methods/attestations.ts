import type { Chain, SubmittedBatch } from '../../chain/index.ts';
import { parseCommitHeader, parseSealOfRun } from '../../event/index.ts';
import type { Checkpoint, Checkpoints } from '../checkpoints.ts';
import { checkWholeEnd } from './deps.ts';

/** What ties a batch to a checkpoint: the fields of Attested. */
export interface Attestation {
  /** Undefined where it is the one of the attestation before. */
  readonly checkpoint: string | undefined;
  readonly consistency: Buffer[];
  readonly inclusion: Buffer[];
}

/** What has to be known of a batch to attest it; nothing of the batch itself is kept, which may be large. */
export interface AttestableBatch {
  /** Its number. */
  readonly commit: number;
  readonly sealHash: Buffer;
  /** Size of the head that its seal names as verified; 0 for none. */
  readonly asOfSize: number;
}

/** Take from a batch that has its place what it takes to attest it. */
export function attestable(run: Buffer, submitted: SubmittedBatch): AttestableBatch {
  const { commit } = parseCommitHeader(submitted.commitHeader);
  const asOfSize = parseSealOfRun(run).asOf?.size ?? 0;
  return { commit, sealHash: submitted.sealHash, asOfSize };
}

/** Attests the batches of one stream, or of one call, in their order. */
export class Attestations {
  readonly #checkpoints: Checkpoints;
  readonly #signal: AbortSignal;
  #last: Checkpoint | undefined;

  /** @param signal fires when nobody waits for them any more. */
  constructor(checkpoints: Checkpoints, signal: AbortSignal) {
    this.#checkpoints = checkpoints;
    this.#signal = signal;
  }

  /**
   * Wait until a checkpoint covers a batch, and prove that it does. The one before must have been waited for.
   *
   * @param batch that is durable.
   * @throws the signal's reason; AtedbError STORAGE_FAILED, CHAIN_DAMAGED.
   */
  async attest(chain: Chain, { commit, asOfSize }: AttestableBatch): Promise<Attestation> {
    // A chain that has lost its end is never signed: whoever waited would wait for ever.
    checkWholeEnd(chain);
    const last = this.#last;
    const isCovered = last !== undefined && last.head.size > commit;
    const checkpoint = isCovered ? last : await this.#covering(chain, commit);
    const { size } = checkpoint.head;
    const { tree } = chain.log;
    const inclusion = await tree.inclusionProof(commit, size);
    if (checkpoint === last) return { checkpoint: undefined, consistency: [], inclusion };
    const from = last?.head.size ?? asOfSize;
    const consistency = await tree.consistencyProof(from, size);
    this.#last = checkpoint;
    return { checkpoint: checkpoint.note, consistency, inclusion };
  }

  #covering(chain: Chain, commit: number): Promise<Checkpoint> {
    return this.#checkpoints.covering(chain, commit, { urgency: 'asked', signal: this.#signal });
  }
}
