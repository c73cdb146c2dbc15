import { AtedbError } from '../bytes/index.ts';
import type { ChainKey } from '../event/index.ts';
import type { ChainOptions } from './chain-options.ts';
import type { OpenOptions } from './open-options.ts';

/** What opens a chain for reading only. */
const readingOptions = ['readDamaged', 'asCopy'] as const;

/**
 * Refuse to write to a chain that was opened to read what is left of it, or of a server that doesn't keep it: nothing may be built on that.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function checkWritable(
  key: ChainKey,
  options: Pick<ChainOptions, (typeof readingOptions)[number]>,
): void {
  const field = readingOptions.find((name) => options[name]);
  if (field === undefined) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `the chain ${key.text} was opened with ${field}, which is for reading. Open it without to append`,
    { metadata: { field } },
  );
}

/** Refuse to open a chain for appending in such a way. @throws AtedbError REQUEST_INVALID. */
export function checkReading(options: OpenOptions): void {
  const field = readingOptions.find((name) => options[name] === true);
  if (options.forAppend !== true || field === undefined) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `forAppend and ${field} exclude each other: what is opened so can only be read`,
    { metadata: { field } },
  );
}
