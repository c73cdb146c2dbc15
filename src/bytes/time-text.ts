/** Beyond this no Date goes (ECMA-262, 21.4.1.1). */
const dateMsMax = 8.64e15;

/**
 * A time for people: ISO 8601, in UTC, to the millisecond. Times that others have said may be any number; those that no calendar has are shown as they
 * were said.
 *
 * @param unixMs milliseconds since 1970-01-01 UTC.
 */
export function timeText(unixMs: number): string {
  return Math.abs(unixMs) <= dateMsMax ? new Date(unixMs).toISOString() : `${unixMs} ms`;
}
