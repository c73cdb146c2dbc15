import { randomBytes } from 'node:crypto';
import { AtedbError, rootsMax } from '../../bytes/index.ts';
import type { Chain, IsProven } from '../../chain/index.ts';
import { hashBytes } from '../../crypto/index.ts';
import type { SignatureView } from '../../event/index.ts';
import type { StreamTies } from '../../trust/index.ts';

/**
 * The keys that one append stream has proven. A batch may come right behind the proof of its key: whoever asks for the
 * key then waits until that is verified.
 */
export class StreamProofs {
  readonly #ties: Omit<StreamTies, 'conversationId'>;
  #conversationId: Buffer | undefined;
  #count = 0;
  /** Whether each proof holds, by the hexadecimal of its key's fingerprint; the last one of a key counts. */
  #proven: ReadonlyMap<string, Promise<boolean>> = new Map();

  /** @param ties what proofs on this stream are made for, beside its id. */
  constructor(ties: Omit<StreamTies, 'conversationId'>) {
    this.#ties = ties;
  }

  /**
   * What tells whether a key is proven, by the proofs taken so far: a batch is judged by those before it on the stream,
   * however long it waits.
   */
  get isProven(): IsProven {
    const proven = this.#proven;
    return (fingerprint) => proven.get(fingerprint) ?? false;
  }

  /** The id that proofs on this stream are made for: 32 random bytes, made when it is first asked for. */
  get conversationId(): Buffer {
    this.#conversationId ??= randomBytes(hashBytes);
    return this.#conversationId;
  }

  /**
   * Take a proof. Resolves when it counts.
   *
   * @throws AtedbError as `Chain.verifyProof`; REQUEST_INVALID beyond the limit of 16 proofs a stream.
   */
  async prove(chain: Chain, proof: SignatureView): Promise<void> {
    this.#count += 1;
    if (this.#count > rootsMax) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `a stream may make ${rootsMax} proofs, as many as a chain has keys, and this is one more`,
        { metadata: { field: 'proof', limit_proofs: String(rootsMax) } },
      );
    }
    const { conversationId } = this;
    const verified = chain.verifyProof(proof, { conversationId, ...this.#ties });
    const holds = verified.then(
      () => true,
      () => false,
    );
    this.#proven = new Map(this.#proven).set(proof.fingerprint.toString('hex'), holds);
    await verified;
  }
}
