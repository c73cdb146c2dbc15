import type { Argv } from 'yargs';
import { UsageError } from './errors.ts';

/** What yargs made of the command line: flags by name, untyped. */
export type ParsedArguments = Record<string, unknown>;

/** Environment variables, usually `process.env`. */
export type Environment = Record<string, string | undefined>;

/**
 * A flag of the command line, or a positional argument, with the environment variable that stands in for it:
 * `ATE_` and its name in capitals. One on the command line counts before its variable.
 */
export interface Flag<T> {
  /** Long name, without dashes. */
  name: string;
  aliases?: readonly string[];
  describe: string;
  /** What the help says counts when the flag is absent. */
  defaultText?: string;
  kind: 'switch' | 'value' | 'values' | 'count' | 'positional';
  /**
   * Turn one text into a value.
   * @throws UsageError saying what is wrong with the text and what is allowed, but not where it stands.
   */
  parse: ((text: string) => T) & { readonly choices?: readonly string[] };
}

/** A value, and where the user gave it. */
export interface Given<T> {
  value: T;
  /** The flag or the variable, as the user wrote it: for messages. */
  source: string;
  /** The value as the user wrote it. */
  text: string;
}

/** Whether a value was typed, and doesn't come from a variable. */
export function isOnCommandLine({ source }: Given<unknown>): boolean {
  return source.startsWith('-') || source.startsWith('<');
}

/**
 * Stands for a lone `-` within yargs, which would take it for a flag without a name. No argument of a process can
 * be this, as none can hold a zero byte.
 */
const dashMark = '\0-';

/** Arguments as yargs can take them: see {@link argumentText} for the way back. */
export function shieldDashes(args: readonly string[]): string[] {
  return args.map((argument) => (argument === '-' ? dashMark : argument));
}

/** An argument as the user wrote it. */
export function argumentText(value: unknown): string {
  return value === dashMark ? '-' : String(value);
}

/**
 * The arguments of a positional that takes any number. Declared with `default: undefined`, so that the help
 * doesn't show yargs' empty list; one that isn't there is a list of nothing but that.
 */
export function argumentTexts(values: unknown): string[] {
  if (!Array.isArray(values)) return [];
  return values.filter((value) => value !== undefined).map(argumentText);
}

/** The environment variable of a flag. */
export function variableOf(name: string): string {
  return `ATE_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** Tell yargs of a flag. */
export function declareFlag<A>(yargs: Argv<A>, flag: Flag<unknown>, group?: string): Argv<A> {
  const description = {
    describe: `${flag.describe} [env: ${variableOf(flag.name)}]`,
    ...(flag.defaultText === undefined ? {} : { defaultDescription: flag.defaultText }),
  };
  if (flag.kind === 'positional') {
    return yargs.positional(flag.name, { ...description, type: 'string' }) as Argv<A>;
  }
  return yargs.option(flag.name, {
    ...description,
    ...(group === undefined ? {} : { group }),
    alias: flag.aliases ?? [],
    ...(flag.kind === 'switch' ? { type: 'boolean' } : {}),
    ...(flag.kind === 'count' ? { type: 'count' } : {}),
    ...(flag.kind === 'value' || flag.kind === 'values'
      ? { type: 'string', requiresArg: true }
      : {}),
  }) as unknown as Argv<A>;
}

/**
 * The value of a flag that may be given once; undefined when it is nowhere.
 * @throws UsageError naming the flag or variable, its text, and what is allowed.
 */
export function readFlag<T>(
  flag: Flag<T>,
  parsed: ParsedArguments,
  environment: Environment,
): Given<T> | undefined {
  const given = readFlagValues(flag, parsed, environment);
  if (given.length > 1) throw new UsageError(`${given[0]?.source} is given more than once`);
  return given[0];
}

/**
 * The values of a flag that may be given several times, in the variable with commas between them.
 * @throws UsageError as {@link readFlag}.
 */
export function readFlagValues<T>(
  flag: Flag<T>,
  parsed: ParsedArguments,
  environment: Environment,
): Given<T>[] {
  const { texts, source } = textsOf(flag, parsed, environment);
  return texts.map((text) => {
    try {
      return { value: flag.parse(text), source, text };
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`${source}: ${error.message}`);
      throw error;
    }
  });
}

function textsOf(
  flag: Flag<unknown>,
  parsed: ParsedArguments,
  environment: Environment,
): { texts: string[]; source: string } {
  const onCommandLine = parsed[flag.name];
  // yargs counts what isn't there as 0.
  if (onCommandLine !== undefined && !(flag.kind === 'count' && onCommandLine === 0)) {
    const values: unknown[] = Array.isArray(onCommandLine) ? onCommandLine : [onCommandLine];
    // A switch that is said twice says the same.
    const texts = flag.kind === 'switch' ? [String(values.at(-1))] : values.map(argumentText);
    return { texts, source: flag.kind === 'positional' ? `<${flag.name}>` : `--${flag.name}` };
  }
  const source = variableOf(flag.name);
  const text = environment[source];
  // A variable that is set to nothing is the shell's way of not setting it.
  if (text === undefined || text === '') return { texts: [], source };
  return { texts: flag.kind === 'values' ? text.split(',') : [text], source };
}
