import { AtedbError } from '../bytes/index.ts';
import { storageError } from './damage.ts';

/** What has to be done when batches could not be made durable. */
export interface Healing {
  /** So many commits are durable. */
  readonly commits: number;
  /** Have the owner take back what is lost, and then tell those who wait for it. */
  readonly takeBack: () => {
    readonly takenBack: Promise<void> | void;
    readonly tell: (error: AtedbError) => void;
  };
  /** Cut the file at what is durable. Rejects where that fails too. */
  readonly heal: () => Promise<void> | void;
  /** Nothing can be written until the log is opened anew. */
  readonly giveUp: () => void;
}

/** Whether a log can be written to: it can, it can't just now, or not until it is opened anew. */
export class LogHealth {
  readonly #onNotice: (notice: string) => void;
  #trouble: string | undefined;
  #refusal: string | undefined;
  #failure: AtedbError | undefined;
  #healed: Promise<void> = Promise.resolve();

  /** @param trouble why the log can only be read, from the beginning on. */
  constructor(trouble: string | undefined, onNotice: (notice: string) => void) {
    this.#trouble = trouble;
    this.#onNotice = onNotice;
  }

  /** Why the log can only be read; undefined where that isn't so. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Why nothing is taken in any more. What was taken in before may still be on its way, and `trouble` not yet set. */
  get refusal(): string | undefined {
    return this.#trouble ?? this.#refusal;
  }

  /** Why nothing can be appended just now; undefined where that isn't so. */
  get failure(): AtedbError | undefined {
    return this.#failure;
  }

  /** Resolves when no healing is under way. */
  healed(): Promise<void> {
    return this.#healed;
  }

  /** From now on the log can only be read. */
  giveUp(trouble: string): void {
    this.#trouble = trouble;
  }

  /**
   * From now on nothing is taken in, and once what was is durable, the log can only be read.
   *
   * @param idle resolves when nothing is on its way.
   */
  async endInOrder(trouble: string, idle: () => Promise<void>): Promise<void> {
    this.#refusal ??= trouble;
    await idle();
    await this.#healed;
    this.giveUp(this.#trouble === undefined ? trouble : `${this.#trouble}; ${trouble}`);
    this.#onNotice(`the log can only be read: ${trouble}`);
  }

  /**
   * After a failed write or sync nothing is known of the file beyond what was durable before. What was appended since is
   * lost, and taken back at once; then the file is cut, and the log goes on.
   *
   * @returns what to tell those who wait.
   */
  fail(cause: unknown, healing: Healing): AtedbError {
    const failure = storageError('making batches durable', cause);
    const error = new AtedbError(
      'STORAGE_FAILED',
      `${failure.message}. Whether the batch is stored is not known: send the same batch again`,
      { cause: failure.cause ?? failure },
    );
    this.#failure = error;
    this.#onNotice(`${failure.message}; what waited is lost, from commit ${healing.commits} on`);
    const { takenBack, tell } = healing.takeBack();
    // It is awaited after the cut, which may fail first.
    takenBack?.catch(() => undefined);
    tell(error);
    this.#healed = this.#heal(failure.message, takenBack, healing);
    return error;
  }

  async #heal(why: string, takenBack: Promise<void> | void, healing: Healing): Promise<void> {
    try {
      await this.#cut(why, takenBack, healing);
    } finally {
      this.#failure = undefined;
    }
  }

  async #cut(why: string, takenBack: Promise<void> | void, healing: Healing): Promise<void> {
    // A chain without a batch is none yet: it is created anew.
    if (healing.commits === 0) {
      this.#trouble = why;
      return;
    }
    try {
      await healing.heal();
      await takenBack;
      this.#onNotice('the segment was cut at what had been durable; the next batch begins another');
    } catch (error) {
      this.#trouble = `${why}, and then ${storageError('cutting the segment', error).message}`;
      this.#onNotice(`the log can only be read until the server is restarted: ${this.#trouble}`);
      healing.giveUp();
    }
  }
}
