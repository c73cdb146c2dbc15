import { randomInt } from 'node:crypto';
import { onTestFailed } from 'vitest';

const variable = 'ATEDB_TEST_SEED';

/** The seed that the environment asks for; undefined: each test takes a new one. */
export const givenSeed: number | undefined = parseSeed(process.env[variable]);

function parseSeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= -(2 ** 31) && seed < 2 ** 31) return seed;
  throw new Error(`${variable} is ${text}, and must be an integer of 32 bits`);
}

/** The random choices of the test that runs. Its seed is printed when the test fails, and ATEDB_TEST_SEED sets it. */
export function seededRandom(): Random {
  const seed = givenSeed ?? randomInt(2 ** 31);
  onTestFailed(() => {
    console.error(`the random choices were those of ${variable}=${seed}`);
  });
  return new Random(seed);
}

/** Random choices that follow from a seed; the generator is mulberry32. */
export class Random {
  /** What all choices follow from. */
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `min` up to and with `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** Whether something that happens so often, from 0 to 1, happens now. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[Math.floor(this.next() * values.length)] as T;
  }

  /** Choices of its own, so that what runs beside doesn't change them. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 31 - 1));
  }
}
