import { AtedbError } from '../bytes/index.ts';
import type { ChainKey } from '../event/index.ts';
import type { ChainOptions } from './chain-options.ts';

/**
 * Refuse to write to a chain that was opened to read what is left of it: that is behind what was verified, and nothing may be
 * built on it.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function checkWritable(
  key: ChainKey,
  { readDamaged }: Pick<ChainOptions, 'readDamaged'>,
): void {
  if (!readDamaged) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `the chain ${key.text} was opened with readDamaged, which is for reading. Open it without to append`,
    { metadata: { field: 'readDamaged' } },
  );
}
