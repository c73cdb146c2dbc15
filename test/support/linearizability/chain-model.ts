import { createHash } from 'node:crypto';
import type { Model } from './check-linearizable.ts';

// A chain as its clients see it, one operation at a time: a list of events. An append adds all of its events or is refused,
// by the first of its conditions that doesn't hold.

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
  | { readonly kind: 'lands_before'; readonly sequence: number };

export type ChainInput =
  | {
      readonly kind: 'append';
      readonly events: readonly ModelEvent[];
      readonly conditions: readonly ModelCondition[];
    }
  /** Where the chain ends. */
  | { readonly kind: 'end' }
  /** What is in it from a sequence up to, and without, another one; undefined: up to its end. */
  | { readonly kind: 'range'; readonly from: number; readonly end: number | undefined };

export type ChainOutput =
  | { readonly kind: 'committed'; readonly firstSequence: number }
  | { readonly kind: 'refused'; readonly condition: ModelCondition['kind'] }
  | { readonly kind: 'end'; readonly nextSequence: number }
  | { readonly kind: 'range'; readonly names: readonly string[] };

export interface ChainModelState {
  readonly events: readonly ModelEvent[];
  /** Of all names, in their order. */
  readonly digest: string;
}

/** The model of a chain that begins with these events. */
export function chainModel(
  first: readonly ModelEvent[],
): Model<ChainModelState, ChainInput, ChainOutput> {
  return {
    initial: add({ events: [], digest: '' }, first),
    keyOf: ({ digest }) => digest,
    step: (state, input, output) => {
      if (input.kind === 'append') return append(state, input, output);
      return output === undefined || isAnswer(state, input, output) ? state : undefined;
    },
  };
}

function append(
  state: ChainModelState,
  { events, conditions }: ChainInput & { kind: 'append' },
  output: ChainOutput | undefined,
): ChainModelState | undefined {
  const broken = conditions.find((condition) => !holds(state, condition, events));
  if (broken !== undefined) {
    const isSaid = output?.kind === 'refused' && output.condition === broken.kind;
    return output === undefined || isSaid ? state : undefined;
  }
  const isSaid = output?.kind === 'committed' && output.firstSequence === state.events.length;
  return output === undefined || isSaid ? add(state, events) : undefined;
}

function holds(
  { events }: ChainModelState,
  condition: ModelCondition,
  added: readonly ModelEvent[],
): boolean {
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
  return { events: [...state.events, ...events], digest: hash.digest('base64') };
}
