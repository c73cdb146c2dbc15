/** How often something may be saved that changes all the time. */
const betweenMs = 1_000;

/**
 * Saves what changes often, at most once a second, and once more at the end. A failure is told and tried again with
 * the next change.
 */
export class LazySaver {
  readonly #save: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #dirty = false;
  #saving: Promise<void> = Promise.resolve();

  /** @param save writes the state as it is when called. */
  constructor(save: () => Promise<void>, onError: (error: unknown) => void) {
    this.#save = save;
    this.#onError = onError;
  }

  /** There is something to be saved. */
  changed(): void {
    this.#dirty = true;
    if (this.#timer !== undefined) return;
    const delayMs = Math.max(0, this.#lastMs + betweenMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#saveNow();
    }, delayMs);
    // Nothing is lost that can't be learned again: a process may end without waiting for it.
    this.#timer.unref();
  }

  /** Save what has changed. Never rejects: a failure goes to `onError`. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#saveNow();
  }

  #saveNow(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      if (!this.#dirty) return;
      this.#dirty = false;
      this.#lastMs = performance.now();
      try {
        await this.#save();
      } catch (error) {
        this.#onError(error);
      }
    });
    return this.#saving;
  }
}
