import { childPrimaryKey, primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
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
  parent: valueFlag(
    'parent',
    "Primary key of the object's parent, 32 digits of hex; --name is then one of its children's",
    parseHex("a parent's primary key", primaryKeyBytes),
  ),
};

/** An object, and where it is. */
export interface MeantObject {
  readonly primaryKey: Buffer | undefined;
  readonly parent: Buffer | undefined;
  /** 16 bytes that its primary key is made from, with its parent; undefined where the key itself was given. */
  readonly label: Buffer | undefined;
}

/** The object that they name. @throws UsageError where both a key and a name are given. */
export function readObjectAt(parsed: ParsedArguments): MeantObject {
  const primaryKey = readChainFlag(objectFlags.primaryKey, parsed);
  const name = readChainFlag(objectFlags.name, parsed);
  const parent = readChainFlag(objectFlags.parent, parsed);
  if (name === undefined) return { primaryKey, parent, label: undefined };
  if (primaryKey !== undefined) {
    throw new UsageError('--primary-key and --name contradict each other; leave one out');
  }
  const named = primaryKeyFromName(name);
  if (parent === undefined) return { primaryKey: named, parent, label: undefined };
  return { primaryKey: childPrimaryKey(parent, named), parent, label: named };
}

/** The primary key of the object that they name; undefined for none. @throws UsageError as `readObjectAt`. */
export function readObject(parsed: ParsedArguments): Buffer | undefined {
  return readObjectAt(parsed).primaryKey;
}
