/**
 * How much a run of the tests tries. `quick`: `npm test`, where seconds count; every behaviour once. `slow`: `npm run test:slow`, the rest
 * of what a change is checked with. `long`: `npm run test:long`, all of it, as a release deserves.
 */
export type Scope = 'quick' | 'slow' | 'long';

/** The environment variable that has it. */
export const scopeVariable = 'ATEDB_TEST_SCOPE';

const scope = (process.env[scopeVariable] ?? 'quick') as Scope;

/** Whether this is `npm run test:long`. */
export const isLong = scope === 'long';

/**
 * How often something is tried. Where `quick` is given, `npm run test:slow` runs the file again, with `short`; so it is written where
 * seconds are saved, in files that have little else.
 */
export function rounds(count: {
  /** In `npm test`; absent: `short`. */
  readonly quick?: number;
  readonly short: number;
  readonly long: number;
}): number {
  if (isLong) return count.long;
  return scope === 'quick' ? (count.quick ?? count.short) : count.short;
}

/** What stands in files that `npm run test:slow` runs again. */
export const quickRounds = /\brounds\(\{\s*quick:/;

/** How long a test of many rounds may take, in milliseconds: it ends one that hangs, and never one that is slow. */
export const manyRoundsMs = isLong ? 1_800_000 : 120_000;

/** How long a test of many commands may take: in the long run each is a process, hundreds of them on a busy machine. */
export const manyCommandsMs = isLong ? 600_000 : 90_000;

/** How long tests wait for what has to come: longer than a busy machine may be away, shorter than a test may take. */
export const eventuallyMs = 20_000;
