import { AtedbError } from '../bytes/index.ts';

/** Refuse a number that isn't from `first` up to `end`, not included. @throws AtedbError SEQUENCE_OUT_OF_RANGE. */
export function checkInRange(what: string, value: number, first: number, end: number): void {
  if (Number.isSafeInteger(value) && value >= first && value < end) return;
  throw new AtedbError(
    'SEQUENCE_OUT_OF_RANGE',
    `the chain has no ${what} ${value}: what there is goes from ${first} to ${end - 1}`,
  );
}
