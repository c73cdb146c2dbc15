/** An operation that a client has called, as a history tells it. Times are of one clock that never goes back. */
export interface Operation<Input, Output> {
  /** Who called it, for people. */
  readonly client: string;
  readonly input: Input;
  /** What it was answered. Undefined: nothing, so that it may take effect at any time after its call, or never. */
  readonly output: Output | undefined;
  readonly calledAt: number;
  /** Infinity where there was no answer. */
  readonly answeredAt: number;
}

/** What a client knows of its operation afterwards. */
export type Outcome<Output> =
  | { readonly output: Output }
  /** It may have taken effect, or may yet. */
  | 'unknown'
  /** It has not taken effect and never will: it is as if it had not been called. */
  | 'nothing';

/** Takes operations down as they are called and answered. */
export class History<Input, Output> {
  readonly operations: Operation<Input, Output>[] = [];

  /** Call an operation. `call` doesn't reject. */
  async record(
    client: string,
    input: Input,
    call: () => Promise<Outcome<Output>>,
  ): Promise<Outcome<Output>> {
    const calledAt = performance.now();
    const outcome = await call();
    const answeredAt = outcome === 'unknown' ? Number.POSITIVE_INFINITY : performance.now();
    if (outcome !== 'nothing') {
      const output = outcome === 'unknown' ? undefined : outcome.output;
      this.operations.push({ client, input, output, calledAt, answeredAt });
    }
    return outcome;
  }
}
