import { setTimeout } from 'node:timers/promises';
import { Random } from '../seed.ts';
import type { FuzzWorld } from './fuzz-world.ts';

/** What came of one input. */
export interface InputResult {
  /** What is wrong with how it was answered. Absent: nothing. */
  readonly wrong: string | undefined;
  /** For people: what was called, and all that was sent, in hexadecimal. */
  readonly told: () => string;
}

/** How inputs are tried. */
export interface FuzzOptions {
  readonly world: FuzzWorld;
  readonly seed: number;
  /** Index of the first input, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Inputs that are sent at once; after each group it is asked whether the server serves. */
  readonly groupSize: number;
  readonly attempt: (random: Random, index: number) => Promise<InputResult>;
}

const variable = 'ATEDB_FUZZ_INPUT';
const hexCharactersMax = 40_000;
/** Milliseconds after which a call that isn't over never will be. */
const patienceMs = 60_000;

/**
 * Try inputs, in groups; each follows from the seed and its index alone. Throws for the first that is answered wrongly, or
 * after which the server doesn't serve, with all that it takes to try that one again.
 */
export async function tryInputs(options: FuzzOptions): Promise<void> {
  const only = process.env[variable];
  if (only !== undefined && only !== '') {
    const index = Number(only);
    if (index >= options.from && index < options.to) await tryAlone(options, index);
    return;
  }
  for (let start = options.from; start < options.to; start += options.groupSize) {
    const end = Math.min(options.to, start + options.groupSize);
    await tryGroup(
      options,
      Array.from({ length: end - start }, (_, index) => start + index),
    );
  }
}

async function tryGroup(options: FuzzOptions, indexes: readonly number[]): Promise<void> {
  const { world } = options;
  await Promise.all(indexes.map((index) => tryOne(options, index)));
  const why = await world.whyNotServing();
  if (why === undefined) return;
  // One of these did it: each alone, on a server that was just started.
  await world.restart();
  for (const index of indexes) await tryAlone(options, index);
  throw new Error(
    `after the inputs ${indexes.at(0)} to ${indexes.at(-1)} of ATEDB_TEST_SEED=${options.seed} ${why}; none of them does that alone`,
  );
}

async function tryAlone(options: FuzzOptions, index: number): Promise<void> {
  const result = await tryOne(options, index);
  const why = await options.world.whyNotServing();
  if (why !== undefined) throw failure(options, index, why, result);
}

async function tryOne(options: FuzzOptions, index: number): Promise<InputResult> {
  // Neighbouring seeds make choices that have nothing in common.
  const random = new Random(options.seed ^ Math.imul(index + 1, 0x9e37_79b1));
  const over = new AbortController();
  const result = await Promise.race([
    options.attempt(random, index),
    setTimeout(patienceMs, neverOver, { signal: over.signal }),
  ]);
  over.abort();
  if (result.wrong !== undefined) throw failure(options, index, result.wrong, result);
  return result;
}

const neverOver: InputResult = { wrong: 'the call never ends', told: () => '' };

function failure({ seed }: FuzzOptions, index: number, why: string, result: InputResult): Error {
  const told = result.told();
  return new Error(
    `input ${index}: ${why}\nTo try it alone: ATEDB_TEST_SEED=${seed} ${variable}=${index}\n${told.slice(0, hexCharactersMax)}`,
  );
}
