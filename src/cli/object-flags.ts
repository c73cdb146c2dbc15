import { primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
import { parseHex, readChainFlag, valueFlag } from './chain-flags.ts';
import { UsageError } from './errors.ts';
import { parseText } from './flag-values.ts';
import type { ParsedArguments } from './flags.ts';

/** Flags that name an object. */
export const objectFlags = {
  primaryKey: valueFlag(
    'primary-key',
    'The object: its primary key, 32 digits of hex',
    parseHex('a primary key', primaryKeyBytes),
  ),
  name: valueFlag('name', 'The object whose primary key stands for this name', parseText),
};

/** The object that they name; undefined for none. @throws UsageError where both are given. */
export function readObject(parsed: ParsedArguments): Buffer | undefined {
  const primaryKey = readChainFlag(objectFlags.primaryKey, parsed);
  const name = readChainFlag(objectFlags.name, parsed);
  if (name === undefined) return primaryKey;
  if (primaryKey !== undefined) {
    throw new UsageError('--primary-key and --name contradict each other; leave one out');
  }
  return primaryKeyFromName(name);
}
