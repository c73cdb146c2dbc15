import type { Operation } from './history.ts';

/** What something does when its operations come one at a time. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after an operation; undefined where it can't have been answered so.
   *
   * @param output undefined: it had no answer, and any will do.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for states that can't be told apart from now on. */
  keyOf(state: State): string;
}

/** Whether a history can be explained. */
export type Verdict<Input, Output> =
  | { readonly isLinearizable: true }
  | {
      readonly isLinearizable: false;
      /** The longest explanation of a beginning: operations in an order. */
      readonly longest: readonly Operation<Input, Output>[];
      /** Of those that were answered, the first one that has no place after it. */
      readonly stuck: Operation<Input, Output> | undefined;
    };

/** A call or an answer, in a list in the order of time that operations are taken out of and put back into. */
interface Entry {
  readonly operation: number;
  readonly isCall: boolean;
  readonly time: number;
  /** Of a call: its answer. */
  answer: Entry | undefined;
  before: Entry | undefined;
  after: Entry | undefined;
}

const stepsMax = 20_000_000;

/**
 * Find out whether a history is linearizable: whether its operations could have taken effect one at a time, each at some
 * moment between its call and its answer, so that every answer is what the model gives.
 *
 * This is the search of Wing and Gong with Lowe's memory of what was tried, as Porcupine has it: take any operation that
 * was called before the first answer that is still due, see whether the model allows it, and go on; when an answer
 * is due and its operation has found no place, take back the last one.
 *
 * @throws When it can't be decided in a bounded number of steps.
 */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Verdict<Input, Output> {
  const head = listOf(operations);
  const placed = new Uint8Array(Math.ceil(operations.length / 8));
  const tried = new Set<string>();
  const stack: { readonly entry: Entry; readonly before: State }[] = [];
  let longest: number[] = [];
  let state = model.initial;
  let entry = head.after;
  for (let steps = 0; head.after !== undefined && entry !== undefined; steps += 1) {
    if (steps > stepsMax) throw new Error(`not decided in ${stepsMax} steps`);
    if (entry.isCall) {
      const { input, output } = operations[entry.operation] as Operation<Input, Output>;
      const next = model.step(state, input, output);
      flip(placed, entry.operation);
      if (next !== undefined && isNew(tried, placed, model.keyOf(next))) {
        stack.push({ entry, before: state });
        state = next;
        takeOut(entry);
        if (stack.length > longest.length) longest = stack.map((each) => each.entry.operation);
        entry = head.after;
        continue;
      }
      flip(placed, entry.operation);
      entry = entry.after;
    } else {
      // Its operation has to be placed by now.
      const last = stack.pop();
      if (last === undefined) return failure(operations, longest);
      state = last.before;
      flip(placed, last.entry.operation);
      putBack(last.entry);
      entry = last.entry.after;
    }
  }
  return { isLinearizable: true };
}

function failure<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  longest: readonly number[],
): Verdict<Input, Output> {
  const isPlaced = new Set(longest);
  const [stuck] = operations
    .filter(({ answeredAt }, index) => !isPlaced.has(index) && Number.isFinite(answeredAt))
    .sort((a, b) => a.answeredAt - b.answeredAt);
  return {
    isLinearizable: false,
    longest: longest.map((index) => operations[index] as Operation<Input, Output>),
    stuck,
  };
}

function isNew(tried: Set<string>, placed: Uint8Array, stateKey: string): boolean {
  const key = `${Buffer.from(placed.buffer).toString('latin1')}|${stateKey}`;
  if (tried.has(key)) return false;
  tried.add(key);
  return true;
}

function flip(bits: Uint8Array, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) ^ (1 << (index & 7));
}

/** The list, by the entry before its first. */
function listOf(operations: readonly Operation<unknown, unknown>[]): Entry {
  const entries = operations.flatMap(({ calledAt, answeredAt }, operation) => {
    const none = { before: undefined, after: undefined };
    const answer: Entry = {
      operation,
      isCall: false,
      time: answeredAt,
      answer: undefined,
      ...none,
    };
    const call: Entry = { operation, isCall: true, time: calledAt, answer, ...none };
    return [call, answer];
  });
  // Of one moment, calls come first: then the operations count as overlapping.
  entries.sort((a, b) => order(a.time, b.time) || Number(b.isCall) - Number(a.isCall));
  const none = { answer: undefined, before: undefined, after: undefined };
  const head: Entry = { operation: -1, isCall: true, time: Number.NEGATIVE_INFINITY, ...none };
  let last = head;
  for (const entry of entries) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

/** As a difference would be, but for infinite times too. */
function order(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function takeOut(call: Entry): void {
  for (const entry of [call, call.answer as Entry]) {
    if (entry.before !== undefined) entry.before.after = entry.after;
    if (entry.after !== undefined) entry.after.before = entry.before;
  }
}

/** In the opposite order of taking out: each finds its neighbours as it left them. */
function putBack(call: Entry): void {
  for (const entry of [call.answer as Entry, call]) {
    if (entry.before !== undefined) entry.before.after = entry;
    if (entry.after !== undefined) entry.after.before = entry;
  }
}

/** Say in words why a history can't be: what overlaps with the operation that has no place, in the order of calls. */
export function explain<Input, Output>(
  verdict: Verdict<Input, Output> & { readonly isLinearizable: false },
  operations: readonly Operation<Input, Output>[],
): string {
  const { longest, stuck } = verdict;
  if (stuck === undefined) return 'there is no order of operations that their answers allow';
  const near = operations
    .filter(
      ({ calledAt, answeredAt }) => calledAt <= stuck.answeredAt && answeredAt >= stuck.calledAt,
    )
    .sort((a, b) => a.calledAt - b.calledAt);
  const line = (operation: Operation<Input, Output>) => {
    const { client, input, output, calledAt, answeredAt } = operation;
    const mark = operation === stuck ? 'STUCK ' : longest.includes(operation) ? 'placed' : '      ';
    const times = `${calledAt.toFixed(3)} to ${answeredAt.toFixed(3)}`;
    return `${mark} ${client}, ${times}: ${JSON.stringify(input)} -> ${JSON.stringify(output)}`;
  };
  return [
    'no order of operations is what their answers say; beside the one that has no place:',
    ...near.map(line),
    'and the last ones that had one:',
    ...longest.slice(-10).map(line),
  ].join('\n');
}
