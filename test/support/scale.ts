/** Whether this is `npm run test:long`. */
export const isLong = process.env.ATEDB_TEST_LONG === '1';

/** How often something is tried: in `npm test`, where seconds count, and in `npm run test:long`. */
export function rounds(count: { readonly short: number; readonly long: number }): number {
  return isLong ? count.long : count.short;
}

/** How long tests wait for what has to come: longer than a busy machine may be away, shorter than a test may take. */
export const eventuallyMs = 20_000;
