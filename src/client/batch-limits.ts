import { AtedbError, batchBytesMax, batchEventsMax } from '../bytes/index.ts';

/** How much appends may be put together, as it is asked for. */
export interface BatchLimitOptions {
  readonly batchEventsMax?: number | undefined;
  readonly batchBytesMax?: number | undefined;
  readonly queueBytesMax?: number | undefined;
}

const batchEventsDefault = 1_000;
const batchBytesDefault = 1024 * 1024;
const queueBytesDefault = 16 * 1024 * 1024;

/** The limits of appends, with defaults for what isn't given. @throws AtedbError REQUEST_INVALID for one that can't be. */
export function batchLimits(options: BatchLimitOptions) {
  const limits = {
    batchEventsMax: options.batchEventsMax ?? batchEventsDefault,
    batchBytesMax: options.batchBytesMax ?? batchBytesDefault,
    queueBytesMax: options.queueBytesMax ?? queueBytesDefault,
  };
  const most = {
    batchEventsMax,
    // Room for the seal is kept beside a single append, too; several together need no more.
    batchBytesMax: batchBytesMax / 2,
    queueBytesMax: Number.MAX_SAFE_INTEGER,
  };
  for (const field of ['batchEventsMax', 'batchBytesMax', 'queueBytesMax'] as const) {
    const value = limits[field];
    if (Number.isSafeInteger(value) && value >= 1 && value <= most[field]) continue;
    throw new AtedbError(
      'REQUEST_INVALID',
      `${field} is ${value}; it is a whole number from 1 to ${most[field]}`,
      { metadata: { field } },
    );
  }
  return limits;
}
