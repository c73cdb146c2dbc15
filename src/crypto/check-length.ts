import { AtedbError } from '../bytes/index.ts';

/** @throws AtedbError REQUEST_INVALID where bytes are not of the length that they must have. */
export function checkLength(what: string, bytes: Buffer, length: number): void {
  if (bytes.length === length) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `a ${what} is ${length} bytes, and this is ${bytes.length}`,
    {
      metadata: { bytes: String(bytes.length), length: String(length) },
    },
  );
}
