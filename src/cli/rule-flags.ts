import { readChainFlag, switchFlag, valueFlag } from './chain-flags.ts';
import { UsageError } from './errors.ts';
import { parseText } from './flag-values.ts';
import { type Flag, type ParsedArguments, readFlagValues } from './flags.ts';

/** A rule as the command line says it; keys as they are named there, and `owner` for the roots. */
export type SaidRule =
  | { readonly kind: 'everyone' | 'nobody' | 'inherit' }
  | { readonly kind: 'keys'; readonly keys: readonly string[] };

/** Rules as the command line says them. */
export interface SaidRules {
  readonly write: SaidRule | undefined;
  readonly add: SaidRule | undefined;
  readonly read: SaidRule | undefined;
  /** Who may open a private chain besides; keys as they are named. */
  readonly admit?: readonly string[] | undefined;
}

/** Stands in a list of keys for the roots of the chain. */
export const ownerWord = 'owner';

const refusals: Record<string, Partial<Record<string, string>>> = {
  write: {},
  add: { inherit: 'the right to add is not inherited; say "nobody" to take it back' },
  read: {
    nobody:
      'nobody could open it, not even you; to remove data there is rm, and to be its only reader name your own key',
  },
};

/** Make a parser of a rule. */
function parseRule(rule: 'write' | 'add' | 'read') {
  const choices = ['everyone', 'nobody', 'inherit', ownerWord].filter(
    (word) => refusals[rule]?.[word] === undefined,
  );
  const parse = (text: string): SaidRule => {
    // What was handed over as a line of text has no commas.
    const parts = text.split(',').map((part) => part.trim());
    const words = parts.filter((part) => ['everyone', 'nobody', 'inherit'].includes(part));
    const [word] = words;
    const refusal = word === undefined ? undefined : refusals[rule]?.[word];
    if (refusal !== undefined) throw new UsageError(`"${word}" is no rule for ${rule}: ${refusal}`);
    if (parts.includes('')) {
      throw new UsageError(
        'a rule is everyone, nobody, owner, inherit, or keys with commas between them',
      );
    }
    if (word === undefined) return { kind: 'keys', keys: parts };
    if (parts.length === 1) return { kind: word as 'everyone' | 'nobody' | 'inherit' };
    throw new UsageError(`"${word}" stands alone, without keys beside it`);
  };
  // For completion: keys are not listed.
  return Object.assign(parse, { choices });
}

const keysText = 'owner, or keys with commas between: names, fingerprints or files of public keys';

function valuesFlag<T>(name: string, describe: string, parse: (text: string) => T): Flag<T> {
  return { ...valueFlag(name, describe, parse), kind: 'values' };
}

/** OLD=NEW. */
function parseReplacement(text: string): { key: string; successor: string } {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) {
    return { key: text.slice(0, at), successor: text.slice(at + 1) };
  }
  throw new UsageError(`${JSON.stringify(text)} is not OLD=NEW, a key and the one in its place`);
}

/** Flags that set rules. */
export const ruleFlags = {
  write: valueFlag(
    'write',
    `Who may write it from now on: everyone, nobody (for ever), inherit, ${keysText}`,
    parseRule('write'),
  ),
  add: valueFlag(
    'add',
    `Who may besides add children to it: everyone, nobody, ${keysText}`,
    parseRule('add'),
  ),
  read: valueFlag(
    'read',
    `Who may read what is written from now on: everyone (in clear), inherit, ${keysText}; you are one of them`,
    parseRule('read'),
  ),
};

/** A list of keys, with commas between them. */
function parseKeys(text: string): readonly string[] {
  const keys = text.split(',').map((part) => part.trim());
  if (!keys.includes('')) return keys;
  throw new UsageError(`${JSON.stringify(text)} is not a list of keys with commas between them`);
}

/** Flags that say who may open a private chain. */
export const admitFlags = {
  admit: valueFlag(
    'admit',
    'Who may open a private chain besides those whom other rules name: nobody, or keys with commas between; all of them',
    (text: string): readonly string[] => (text.trim() === 'nobody' ? [] : parseKeys(text)),
  ),
};

/** Flags that say who signs besides, and for whom. */
export const signerFlags = {
  coSign: valuesFlag(
    'co-sign',
    'Name of a key of yours that signs too, and whose rights count; may be given several times',
    parseText,
  ),
  author: valueFlag(
    'author',
    'Name of the key of yours that the events are by, if not of the one that writes; it signs too',
    parseText,
  ),
};

/** Flags that change keys of a chain. */
export const keyChangeFlags = {
  replaceKey: valuesFlag(
    'replace-key',
    'OLD=NEW: a key counts no more, and another has its place in every rule',
    parseReplacement,
  ),
  revokeKey: valuesFlag('revoke-key', 'A key counts no more', parseText),
  roots: valueFlag(
    'roots',
    'The keys that own the chain from now on, with commas between; more than half of those before sign it',
    parseKeys,
  ),
};

/** Flags of data that is sealed. */
export const sealingFlags = {
  confidential: switchFlag(
    'confidential',
    'A chain that this makes is confidential for good: its data is sealed. Without --read you are its only reader',
  ),
  private: switchFlag(
    'private',
    'A chain that this makes is private for good: only who is named by its rules, or let in by share, can open it',
  ),
  pad: switchFlag('pad', 'Hide the size of sealed data, by padding it by at most 12 %'),
};

/** The rules that a command line sets. */
export function readRules(parsed: ParsedArguments): SaidRules {
  return {
    write: readChainFlag(ruleFlags.write, parsed),
    add: readChainFlag(ruleFlags.add, parsed),
    read: readChainFlag(ruleFlags.read, parsed),
  };
}

/** The values of a flag that may be given several times. */
export function readAll<T>(flag: Flag<T>, parsed: ParsedArguments): readonly T[] {
  return readFlagValues(flag, parsed, {}).map(({ value }) => value);
}
