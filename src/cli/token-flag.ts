import { tokenMark } from '../event/index.ts';
import { UsageError } from './errors.ts';
import { parseText } from './flag-values.ts';
import { type Flag, isOnCommandLine, type ParsedArguments, readFlag, variableOf } from './flags.ts';

/** Where the token is that a command acts by: in a file, or here. */
export type TokenSource = { readonly file: string } | { readonly text: string };

/** Has the token itself, as secrets are handed to jobs. */
const textVariable = 'ATEDB_TOKEN';

export const tokenFlag: Flag<string> = {
  name: 'token',
  describe: `File with the token to act by instead of a key; ${textVariable} has the token itself. See: atedb token`,
  kind: 'value',
  parse: parseText,
};

/**
 * The token that the command line, or a variable, says to act by; undefined for none. A key that is named on the command line counts
 * before a token in a variable.
 *
 * @throws UsageError where a token itself is on the command line, or a key is there too.
 */
export function readTokenFlag(parsed: ParsedArguments): TokenSource | undefined {
  const given = readFlag(tokenFlag, parsed, process.env);
  const hasKey = typeof parsed.key === 'string';
  if (given !== undefined && isOnCommandLine(given)) {
    if (given.value.startsWith(tokenMark)) {
      throw new UsageError(
        `--token names a file, and this is a token itself, which others on this machine could see: put it in a file of your own, or in ${textVariable}`,
      );
    }
    if (hasKey) throw new UsageError('--key and --token contradict each other; leave one out');
    return { file: given.value };
  }
  if (hasKey) return undefined;
  const text = process.env[textVariable];
  if (text !== undefined && text !== '') return { text };
  if (given === undefined) return undefined;
  return given.value.startsWith(tokenMark) ? { text: given.value } : { file: given.value };
}

/** The source of a token in words, for errors. */
export function tokenSourceWords(source: TokenSource): string {
  return 'file' in source ? source.file : `the token in ${textVariable} or ${variableOf('token')}`;
}
