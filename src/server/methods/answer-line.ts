/** An answer that is due, and comes in its turn. */
interface Due {
  /** Undefined: it isn't known yet. */
  answer: Buffer | undefined;
  readonly onSent: () => void;
}

/** To be told one of the two, once. Neither throws. */
export interface AnswerTurn {
  /** The answer is known. */
  readonly answer: (message: Buffer) => void;
  /** There is none: no answer behind it is sent any more, since it would be taken for this one. */
  readonly fail: (error: unknown) => void;
}

/** Sends the answers of one stream in the order of what they answer, each as soon as it and those before it are known. */
export class AnswerLine {
  readonly #send: (answer: Buffer) => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  readonly #due: Due[] = [];
  /** Those on their way to the peer. */
  #sending = 0;
  #hasFailed = false;
  readonly #whenIdle: (() => void)[] = [];

  /** @param options.onFailure told why no more answers are sent. */
  constructor(options: {
    readonly send: (answer: Buffer) => Promise<void>;
    readonly onFailure: (error: unknown) => void;
  }) {
    this.#send = options.send;
    this.#onFailure = options.onFailure;
  }

  /** Whether none is sent any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Make room for the next answer.
   *
   * @param options.onKnown called when the answer is known, or that there is none.
   * @param options.onSent called when the transport has it.
   */
  next(options: { readonly onKnown?: () => void; readonly onSent: () => void }): AnswerTurn {
    const due: Due = { answer: undefined, onSent: options.onSent };
    this.#due.push(due);
    return {
      answer: (message) => {
        options.onKnown?.();
        due.answer = message;
        this.#advance();
      },
      fail: (error) => {
        options.onKnown?.();
        this.fail(error);
      },
    };
  }

  /** Send no more. Only the first reason counts. */
  fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(error);
  }

  /** Resolves when all answers that are due were sent; never where one can't be. */
  async idle(): Promise<void> {
    if (this.#due.length === 0 && this.#sending === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }

  #advance(): void {
    for (;;) {
      const [first] = this.#due;
      if (first?.answer === undefined || this.#hasFailed) return;
      this.#due.shift();
      this.#sending += 1;
      this.#send(first.answer).then(
        () => this.#sent(first),
        (error: unknown) => this.fail(error),
      );
    }
  }

  #sent(due: Due): void {
    if (this.#hasFailed) return;
    this.#sending -= 1;
    due.onSent();
    if (this.#due.length > 0 || this.#sending > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
