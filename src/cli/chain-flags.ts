import type { Argv } from 'yargs';
import { AtedbError } from '../bytes/index.ts';
import type { TrustMode } from '../event/index.ts';
import { UsageError } from './errors.ts';
import { parseInteger, parseText } from './flag-values.ts';
import { argumentText, type Flag, type ParsedArguments, readFlag } from './flags.ts';
import { globalFlags } from './global-flags.ts';
import type { FlagTable } from './program.ts';

// Flags of the commands that work with a chain. No variables stand in for these, unlike for a server's: what a
// command does to whose chain is said where it is typed.

/** Tell yargs of flags that have no variables. */
export function declareChainFlags<A>(program: Argv<A>, flags: FlagTable): Argv<A> {
  // Help has its parts in the order in which they are first named.
  program.group([], 'Positionals:');
  for (const flag of Object.values(flags)) {
    program.option(flag.name, {
      describe: flag.describe,
      // Named, they come before the options of all commands.
      group: 'Options:',
      alias: flag.aliases ?? [],
      ...(flag.defaultText === undefined ? {} : { defaultDescription: flag.defaultText }),
      ...(flag.kind === 'switch' ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
    });
  }
  return program;
}

/**
 * The value of such a flag; undefined when it isn't given.
 * @throws UsageError naming the flag, its text, and what is allowed.
 */
export function readChainFlag<T>(flag: Flag<T>, parsed: ParsedArguments): T | undefined {
  return readFlag(flag, parsed, {})?.value;
}

/** Whether a switch is given. */
export function isOn(flag: Flag<boolean>, parsed: ParsedArguments): boolean {
  return readChainFlag(flag, parsed) === true;
}

/**
 * Parse a positional argument by a parser of another room.
 * @throws UsageError saying what that parser says.
 */
export function readPositional<T>(
  name: string,
  parsed: ParsedArguments,
  parse: (text: string) => T,
): T {
  try {
    return parse(argumentText(parsed[name]));
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * The trust mode that --trust names, which a chain must then have; undefined where it isn't said, and any is
 * right.
 */
export function readTrustMode(parsed: ParsedArguments): TrustMode | undefined {
  return readFlag(globalFlags.trust, parsed, process.env)?.value;
}

/** The file that has the passphrase of a sealed key; undefined where the terminal is to be asked. */
export function readPassphraseFlag(parsed: ParsedArguments): string | undefined {
  return readFlag(globalFlags.passphraseFile, parsed, process.env)?.value;
}

/** Make a parser of so many bytes in hex. */
export function parseHex(what: string, bytes: number): (text: string) => Buffer {
  return (text) => {
    if (/^[0-9a-fA-F]*$/.test(text) && text.length === 2 * bytes) return Buffer.from(text, 'hex');
    throw new UsageError(
      `${JSON.stringify(text)} is not ${what}: ${bytes} bytes, as ${2 * bytes} digits of hex`,
    );
  };
}

/** A parser of sequences, or counts of events. */
export const parseSequence = parseInteger('a sequence', 0, Number.MAX_SAFE_INTEGER);

/** A parser of how many events there may be. */
export const parseCount = parseInteger('a number of events', 1, Number.MAX_SAFE_INTEGER);

const parseTrue = (text: string): boolean => text === 'true';

/** Make a flag that is there or not. */
export function switchFlag(name: string, describe: string, aliases: string[] = []): Flag<boolean> {
  return { name, describe, aliases, kind: 'switch', parse: parseTrue };
}

/** Make a flag with a value. */
export function valueFlag<T>(
  name: string,
  describe: string,
  parse: (text: string) => T,
  defaultText?: string,
): Flag<T> {
  const flag: Flag<T> = { name, describe, kind: 'value', parse };
  return defaultText === undefined ? flag : { ...flag, defaultText };
}

/** Flags that several commands have. */
export const chainFlags = {
  json: switchFlag('json', 'Print JSON, an object a line'),
  chainId: valueFlag(
    'chain-id',
    'The chain must have this id; another one ends the command with 5',
    parseHex('a chain id', 32),
  ),
  damaged: switchFlag(
    'damaged',
    'Read what is left of a chain whose server says that it is damaged, though more was verified before',
  ),
  key: valueFlag('key', 'Name of the key to write with; see: atedb key', parseText, 'default'),
};
