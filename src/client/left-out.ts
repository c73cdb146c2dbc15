import { AtedbError } from '../bytes/index.ts';

/** What a request says of data that is to be left out. */
export function upTo(dataUpTo: number | undefined) {
  return dataUpTo === undefined ? {} : { dataUpToBytes: BigInt(dataUpTo) };
}

/** @throws AtedbError REQUEST_INVALID. */
export function checkDataUpTo(dataUpTo: number | undefined): void {
  if (dataUpTo === undefined || (Number.isSafeInteger(dataUpTo) && dataUpTo >= 0)) return;
  throw new AtedbError('REQUEST_INVALID', `dataUpTo is ${dataUpTo}, and must be a whole number`, {
    metadata: { field: 'dataUpTo' },
  });
}
