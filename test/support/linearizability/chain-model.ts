import { createHash } from 'node:crypto';
import type { Model } from './check-linearizable.ts';
import type { Operation } from './history.ts';
import { ended, granted, keyOfLeases, type ModelLeases, mayBeHeld } from './lease-model.ts';

// A chain as its clients see it, one operation at a time: a list of events. An append adds all of its events or is refused,
// by the first of its conditions that doesn't hold. One of these may be that a lease is held: by a token of a lease on an object.

/** An event as far as the model goes. */
export interface ModelEvent {
  readonly writer: string;
  /** What tells it from all others. */
  readonly name: string;
  /** The object that it is about. */
  readonly object: string;
}

export type ModelCondition =
  /** No event at or above the sequence is another writer's. */
  | { readonly kind: 'chain_unchanged'; readonly since: number }
  /** No event of the object at or above the sequence is another writer's. */
  | { readonly kind: 'key_unchanged'; readonly object: string; readonly since: number }
  /** Every event gets a sequence below it. */
  | { readonly kind: 'lands_before'; readonly sequence: number }
  /** The lease on the object is held by the token. */
  | { readonly kind: 'fence'; readonly object: string; readonly token: number };

export type ChainInput =
  | {
      readonly kind: 'append';
      readonly events: readonly ModelEvent[];
      readonly conditions: readonly ModelCondition[];
    }
  /** Have the lease on an object. */
  | { readonly kind: 'lock'; readonly object: string }
  /** Give it up. */
  | { readonly kind: 'unlock'; readonly object: string; readonly token: number }
  /** Where the chain ends. */
  | { readonly kind: 'end' }
  /** What is in it from a sequence up to, and without, another one; undefined: up to its end. */
  | { readonly kind: 'range'; readonly from: number; readonly end: number | undefined };

export type ChainOutput =
  | { readonly kind: 'committed'; readonly firstSequence: number }
  | { readonly kind: 'refused'; readonly condition: ModelCondition['kind'] }
  | { readonly kind: 'granted'; readonly token: number }
  | { readonly kind: 'unlocked' }
  | { readonly kind: 'end'; readonly nextSequence: number }
  | { readonly kind: 'range'; readonly names: readonly string[] };

export interface ChainModelState {
  readonly events: readonly ModelEvent[];
  /** Of all names, in their order. */
  readonly digest: string;
  readonly leases: ModelLeases;
}

/** The model of a chain that begins with these events. */
export function chainModel(
  first: readonly ModelEvent[],
): Model<ChainModelState, ChainInput, ChainOutput> {
  return {
    initial: add({ events: [], digest: '', leases: new Map() }, first),
    keyOf: ({ digest, leases }) => digest + keyOfLeases(leases),
    step: (state, input, output) => {
      if (input.kind === 'append') return append(state, input, output);
      if (input.kind === 'lock') return lock(state, input, output);
      if (input.kind === 'unlock') return lost(state, input);
      return output === undefined || isAnswer(state, input, output) ? state : undefined;
    },
  };
}

function append(
  state: ChainModelState,
  { events, conditions }: ChainInput & { kind: 'append' },
  output: ChainOutput | undefined,
): ChainModelState | undefined {
  for (const condition of conditions) {
    const isSaid = output?.kind === 'refused' && output.condition === condition.kind;
    // Whether a lease has ended that may be held still, the answer says.
    if (condition.kind === 'fence' && isSaid) return lost(state, condition);
    if (holds(state, condition, events)) continue;
    return output === undefined || isSaid ? state : undefined;
  }
  const isSaid = output?.kind === 'committed' && output.firstSequence === state.events.length;
  return output === undefined || isSaid ? add(state, events) : undefined;
}

function lock(
  state: ChainModelState,
  { object }: ChainInput & { kind: 'lock' },
  output: ChainOutput | undefined,
): ChainModelState | undefined {
  if (output?.kind !== 'granted') return undefined;
  const leases = granted(state.leases, object, output.token);
  return leases && { ...state, leases };
}

function lost(
  state: ChainModelState,
  { object, token }: { readonly object: string; readonly token: number },
): ChainModelState {
  return { ...state, leases: ended(state.leases, object, token) };
}

function holds(
  { events, leases }: ChainModelState,
  condition: ModelCondition,
  added: readonly ModelEvent[],
): boolean {
  if (condition.kind === 'fence') return mayBeHeld(leases, condition.object, condition.token);
  if (condition.kind === 'lands_before') return events.length + added.length <= condition.sequence;
  const { since } = condition;
  const object = condition.kind === 'key_unchanged' ? condition.object : undefined;
  const others = events
    .slice(since)
    .filter((event) => !added.some(({ writer }) => writer === event.writer));
  return !others.some((event) => object === undefined || event.object === object);
}

function isAnswer(
  { events }: ChainModelState,
  input: ChainInput & { kind: 'end' | 'range' },
  output: ChainOutput,
): boolean {
  if (input.kind === 'end') return output.kind === 'end' && output.nextSequence === events.length;
  if (output.kind !== 'range') return false;
  const due = events.slice(input.from, input.end);
  return (
    due.length === output.names.length && due.every(({ name }, at) => name === output.names[at])
  );
}

function add(state: ChainModelState, events: readonly ModelEvent[]): ChainModelState {
  const hash = createHash('sha256').update(state.digest);
  for (const { name } of events) hash.update(`${name}\n`);
  return { ...state, events: [...state.events, ...events], digest: hash.digest('base64') };
}

/**
 * Use what the whole chain is in the end, read after everything else, for the appends that had no answer. One whose events
 * are there was committed, and where; when, is still open. Any other has changed nothing that anyone saw, and is left
 * out. This changes no verdict, since the reading at the end is in the history, and spares the search their guesses.
 */
export function resolveUnknown(
  operations: readonly Operation<ChainInput, ChainOutput>[],
  finalNames: readonly string[],
): Operation<ChainInput, ChainOutput>[] {
  const sequences = new Map(finalNames.map((name, sequence) => [name, sequence]));
  return operations.flatMap((operation) => {
    const { input, output } = operation;
    if (output !== undefined || input.kind !== 'append') return [operation];
    const firstSequence = sequences.get(input.events[0]?.name ?? '');
    return firstSequence === undefined
      ? []
      : [{ ...operation, output: { kind: 'committed', firstSequence } as const }];
  });
}
