import type { Chain } from '../../chain/index.ts';
import type { Checkpoint, Checkpoints } from '../checkpoints.ts';

/** The checkpoints that one subscriber is sent: each newer than the one before, and of what it was sent already. */
export class CheckpointFeed {
  readonly #checkpoints: Checkpoints;
  readonly #chain: Chain;
  readonly #signal: AbortSignal;
  #due: Checkpoint | undefined;
  #sentSize = 0;
  #isWaiting = false;
  /** Called when there is a checkpoint to be taken. */
  onSigned: (() => void) | undefined;

  /** @param signal fires when the subscriber is gone. */
  constructor(checkpoints: Checkpoints, chain: Chain, signal: AbortSignal) {
    this.#checkpoints = checkpoints;
    this.#chain = chain;
    this.#signal = signal;
  }

  /** The subscriber is about to catch up: there is a checkpoint for it now, if the chain may be signed at all. */
  async begin(): Promise<void> {
    this.#note(await this.#checkpoints.current(this.#chain));
  }

  /**
   * Take the note of a checkpoint that was not taken before; and have one made where the chain has grown.
   *
   * @param size number of the commits that the subscriber was sent.
   */
  take(size: number): string | undefined {
    const due = this.#due;
    const isSendable = due !== undefined && due.head.size <= size;
    if (isSendable) {
      this.#due = undefined;
      this.#sentSize = due.head.size;
    }
    if (size > this.#sentSize) this.#wait(size);
    return isSendable ? due.note : undefined;
  }

  #note(checkpoint: Checkpoint | undefined): void {
    if (checkpoint === undefined || checkpoint.head.size <= this.#sentSize) return;
    this.#due = checkpoint;
    this.onSigned?.();
  }

  /** One at a time; it ends with the subscriber. */
  #wait(size: number): void {
    if (this.#isWaiting || this.#due !== undefined) return;
    this.#isWaiting = true;
    this.#checkpoints
      .covering(this.#chain, size - 1, { urgency: 'told', signal: this.#signal })
      .finally(() => {
        this.#isWaiting = false;
      })
      .then(
        (checkpoint) => this.#note(checkpoint),
        // A chain that can't be signed now is told of by whoever asks for it.
        () => undefined,
      );
  }
}
