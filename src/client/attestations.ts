import { AtedbError } from '../bytes/index.ts';
import { verifyConsistency, verifyInclusion } from '../crypto/index.ts';
import { commitLeaf, parseCommitHeader } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import type { KnownHead } from './known-head.ts';
import type { AttestedAnswer } from './received.ts';
import type { SealedBatch } from './sealed-batch.ts';

/** Verifies what one append stream says of batches that checkpoints cover. */
export class Attestations {
  readonly #opener: ChainOpener;
  readonly #known: KnownHead;
  readonly #chainId: Buffer;
  /** The stream's last checkpoint. */
  #last: SignedHead | undefined;
  /** The newest one before the stream. */
  readonly #before: SignedHead | undefined;

  constructor(options: { opener: ChainOpener; known: KnownHead; chainId: Buffer }) {
    this.#opener = options.opener;
    this.#known = options.known;
    this.#chainId = options.chainId;
    this.#before = options.opener.checkpoints.newest;
  }

  /**
   * Verify an answer: the checkpoint is the server's, of a tree that extends what was verified before, and a batch is in it.
   *
   * @param batch undefined for one that nobody waits for any more: what comes after it is tied to its checkpoint.
   * @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT; as `Transport.unary`.
   */
  async verify(
    answer: AttestedAnswer,
    batch: SealedBatch | undefined,
    call: CallOptions,
  ): Promise<SignedHead> {
    const signed =
      answer.checkpoint === undefined
        ? this.#last
        : await this.#take(answer.checkpoint, answer.consistency, batch, call);
    if (signed === undefined) throw failed('no checkpoint was shown before');
    if (batch?.commitHeader !== undefined) {
      checkInclusion(signed, batch.commitHeader, answer.inclusion);
    }
    return signed;
  }

  async #take(
    note: string,
    consistency: readonly Buffer[],
    batch: SealedBatch | undefined,
    call: CallOptions,
  ): Promise<SignedHead> {
    const signed = await this.#opener.checkpoints.verify(note, this.#chainId);
    await this.#opener.checkNotOlder(signed, this.#last ?? this.#before);
    const { head } = signed;
    const base = this.#last?.head ?? batch?.asOf;
    this.#last = signed;
    if (base === undefined) {
      await this.#opener.tieCheckpoint(signed, call);
      return signed;
    }
    const isExtended = verifyConsistency({
      first: base.size,
      second: head.size,
      firstRoot: base.root,
      secondRoot: head.root,
      proof: consistency,
    });
    if (!isExtended) {
      throw await this.#opener.conflict('it has signed another history than it had', {
        known: base,
        served: head,
        consistency,
        signed,
      });
    }
    await this.#known.exclusively(async () => this.#known.advance(base, head));
    if (this.#known.newest === head) this.#opener.checkpoints.keep(signed);
    else await this.#opener.tieCheckpoint(signed, call);
    return signed;
  }
}

function checkInclusion(
  { head }: SignedHead,
  commitHeader: Buffer,
  proof: readonly Buffer[],
): void {
  const { commit } = parseCommitHeader(commitHeader);
  const isIn = verifyInclusion({
    index: commit,
    size: head.size,
    leaf: commitLeaf(commitHeader),
    root: head.root,
    proof,
  });
  if (!isIn) throw failed(`commit ${commit}, which it has acknowledged, is not in it`);
}

function failed(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the checkpoint that the server shows for a batch does not verify: ${why}`,
  );
}
