import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Argv } from 'yargs';
import { complete } from './complete.ts';
import { chooseCryptography } from './cryptography.ts';
import { exitCodes, exitCodesHelp, reportError, UsageError } from './errors.ts';
import { declareFlag, type Flag, shieldDashes } from './flags.ts';
import { usageMessage } from './usage-message.ts';

// Its CommonJS form breaks the lines of the help between words, which the other one doesn't, and is one file.
const yargs = createRequire(import.meta.url)('yargs') as (args: readonly string[]) => Argv;

/** Flags that every command of a program knows. */
export type FlagTable = Record<string, Flag<unknown>>;

/** The version in package.json, which lies two folders above the sources and above what is compiled from them. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The frame of a command line: help, version and strictness, without commands yet. */
export function createProgram(name: string, args: readonly string[], globalFlags: FlagTable): Argv {
  const program = yargs(shieldDashes(args))
    .scriptName(name)
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({
      // --no-auth is a flag of its own.
      'boolean-negation': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .strict()
    .recommendCommands()
    .demandCommand(1, 'no command is given')
    .help()
    .alias('help', 'h')
    .version(packageVersion())
    .alias('version', 'V')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .epilogue(exitCodesHelp)
    // yargs takes any value of a switch but "true" for "false", so that --plain=yes would be none.
    .check((_parsed, options) => {
      refuseSwitchValues(args, new Set((options as unknown as { boolean: string[] }).boolean));
      return true;
    })
    .fail((message, error) => {
      if (!isUsageMessage(error)) throw error;
      const text = message ?? error?.message ?? '';
      throw new UsageError(usageMessage(text, args, commandForm(program), flagsOf(program)));
    });
  declareFlags(program, globalFlags, 'Options of all commands:');
  return program;
}

/**
 * Refuse switches with a value that is none of a switch.
 * @param switches their names and short names.
 * @throws UsageError naming the switch as it was written, and the value.
 */
export function refuseSwitchValues(args: readonly string[], switches: ReadonlySet<string>): void {
  const end = args.indexOf('--');
  for (const argument of end === -1 ? args : args.slice(0, end)) {
    const [, flag = '', value = ''] = /^(--?[^=\s]+)=(.*)$/s.exec(argument) ?? [];
    // Of short flags that are written as one, the last one has the value.
    const name = flag.startsWith('--') ? flag.slice(2) : flag.slice(-1);
    if (!switches.has(name) || value === 'true' || value === 'false') continue;
    throw new UsageError(
      `${flag} is a switch, and ${JSON.stringify(value)} is no value of one: leave the value out, or write ${flag}=true or ${flag}=false`,
    );
  }
}

/** The form of the command that yargs is at, as `identity accept <server> <fingerprint>`. */
function commandForm(program: Argv): string {
  const { fullCommands } = (program as unknown as YargsInternals).getInternalMethods().getContext();
  return fullCommands.join(' ');
}

/** The names of the commands that yargs has gone through, as `user` and `create`. */
function commandsOf(program: Argv): readonly string[] {
  return (program as unknown as YargsInternals).getInternalMethods().getContext().commands;
}

/** The flags of the command that yargs is at, as they are typed: it knows each in camel case, too. */
function flagsOf(program: Argv): string[] {
  const { key } = (program as unknown as YargsInternals).getOptions();
  return Object.keys(key).filter((name) => name.length > 1 && !/[A-Z]/.test(name));
}

/** What yargs tells nobody else, and has had for years; its version is pinned, and a test holds it. */
interface YargsInternals {
  getOptions(): { readonly key: Readonly<Record<string, unknown>> };
  getInternalMethods(): {
    getContext(): {
      readonly commands: readonly string[];
      readonly fullCommands: readonly string[];
    };
  };
}

/** yargs reports its own findings as a bare message, or as an error of its own class. */
function isUsageMessage(error: Error | undefined | null): boolean {
  return error === undefined || error === null || error.name === 'YError';
}

/** Tell yargs of a table of flags. */
export function declareFlags(program: Argv, flags: FlagTable, group?: string): Argv {
  for (const flag of Object.values(flags)) declareFlag(program, flag, group);
  return program;
}

/**
 * Let a program complete its command lines for a shell.
 * @param flags those whose values are completed, beside the names of all.
 */
export function declareCompletion(program: Argv, flags: FlagTable): Argv {
  const choicesOf = (name: string) =>
    Object.values(flags).find((flag) => flag.name === name || flag.aliases?.includes(name))?.parse
      .choices;
  return program.completion(
    'completion',
    'Print a script that completes commands and flags in bash or zsh',
    (
      _current: string,
      _parsed: unknown,
      offer: (onOffered: (error: Error | null, offered: string[] | undefined) => void) => void,
      done: (completions: string[]) => void,
    ) => {
      const words = process.argv.slice(process.argv.indexOf('--get-yargs-completions') + 1);
      offer((_error, offered = []) => done(complete({ words, offered, choicesOf })));
    },
  );
}

/**
 * Run a program to its end. Returns its exit code; errors are shown, not thrown.
 * @param commands Names of the program's commands, to point a wrong command line to the help of its command.
 */
export async function runProgram(
  name: string,
  args: readonly string[],
  program: (args: readonly string[]) => Argv,
  commands: readonly string[],
): Promise<number> {
  // `atedb help solo` is another way to say `atedb solo --help`.
  const [first, ...others] = args;
  const meant = first === 'help' ? [...others, '--help'] : args;
  // What is behind it belongs to a command that is run for the user.
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  let within = (): readonly string[] => [];
  try {
    await chooseCryptography(process.env.ATE_CRYPTO);
    const parser = program(meant);
    within = () => commandsOf(parser);
    // While a command runs, yargs doesn't know any more which one it is.
    parser.middleware(() => {
      const chosen = [...commandsOf(parser)];
      within = () => chosen;
    });
    await parser.parseAsync();
    return exitCodes.done;
  } catch (error) {
    const command = own.find((argument) => commands.includes(argument));
    // A command may have commands of its own.
    const path = [name, ...(command === undefined ? [] : [command, ...within().slice(1)])];
    return reportError(error, {
      command: name,
      help: `${path.join(' ')} --help`,
      json: own.includes('--json'),
      write: (text) => process.stderr.write(text),
    });
  }
}
