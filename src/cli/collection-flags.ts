import { primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
import { parseHex, readChainFlag, valueFlag } from './chain-flags.ts';
import { UsageError } from './errors.ts';
import { parseText } from './flag-values.ts';
import type { ParsedArguments } from './flags.ts';

/** Flags that name a collection. */
export const collectionFlags = {
  collection: valueFlag(
    'collection',
    'The collection of the parent that the object is in: 32 digits of hex',
    parseHex('a collection', primaryKeyBytes),
  ),
  collectionName: valueFlag(
    'collection-name',
    'The same, by the name that the collection stands for',
    parseText,
  ),
};

/** The collection that they name; undefined for none. @throws UsageError where both are given. */
export function readCollection(parsed: ParsedArguments): Buffer | undefined {
  const collection = readChainFlag(collectionFlags.collection, parsed);
  const name = readChainFlag(collectionFlags.collectionName, parsed);
  if (name === undefined) return collection;
  if (collection === undefined) return primaryKeyFromName(name);
  throw new UsageError('--collection and --collection-name contradict each other; leave one out');
}
