import { nearestOf } from './nearest.ts';

/**
 * What yargs finds wrong with a command line, in words that name what the user wrote.
 * @param args The arguments as they were given.
 * @param form The command as its help has it, `append <address> [file]`; nothing where none is named.
 * @param flags The flags that the command has, without dashes.
 */
export function usageMessage(
  message: string,
  args: readonly string[],
  form = '',
  flags: readonly string[] = [],
): string {
  const [, wrong] = /^Unknown arguments?: (.+)$/.exec(message) ?? [];
  if (wrong !== undefined) return unknownArguments(wrong.split(', '), { args, form, flags });
  const [, valueless] = /^Not enough arguments following: (.+)$/.exec(message) ?? [];
  if (valueless !== undefined) return `${asWritten(valueless, args)} needs a value`;
  const [, meant] = /^Did you mean (.+)\?$/.exec(message) ?? [];
  if (meant !== undefined) {
    // Behind `key` stands what was to be a command of it.
    const behind = form === '' ? 0 : form.split(' ').length;
    const given = args.filter((argument) => !argument.startsWith('-'))[behind] ?? '';
    // yargs takes words for near that have little in common.
    const hint = nearestOf(given, [meant]) && ` Did you mean ${JSON.stringify(meant)}?`;
    return `${JSON.stringify(given)} is not a command${hint === undefined ? '' : `.${hint}`}`;
  }
  const [, got, need] =
    /^Not enough non-option arguments: got (\d+), need at least (\d+)$/.exec(message) ?? [];
  if (need !== undefined) return tooFew(Number(got), Number(need), form);
  return message;
}

/** Which arguments are missing, by their names in the command's form. */
function tooFew(got: number, need: number, form: string): string {
  const names = form.match(/<[^>]+>/g) ?? [];
  if (names.length !== need) return `too few arguments: got ${got}, need at least ${need}`;
  const missing = names.slice(got).map((name) => name.replace('..>', '>'));
  const verb = missing.length === 1 ? 'is' : 'are';
  return `${missing.join(' and ')} ${verb} missing: ${form}`;
}

function unknownArguments(
  names: readonly string[],
  { args, form, flags }: { args: readonly string[]; form: string; flags: readonly string[] },
): string {
  const written = names.map((name) => asWritten(name, args));
  // yargs names a flag with dashes in it a second time, in camel case, which nobody wrote.
  const known = written.filter((text, at) => text !== names[at]);
  const shown = known.length === 0 ? written : known;
  const [first = ''] = shown;
  if (form === '' && first.startsWith('"')) return `${first} is not a command`;
  const meant = first.startsWith('--') ? nearestOf(first.slice(2), flags) : undefined;
  const hint = shown.length > 1 || meant === undefined ? '' : `. Did you mean --${meant}?`;
  return `unknown ${shown.length === 1 ? 'argument' : 'arguments'}: ${shown.join(', ')}${hint}`;
}

/** A flag with its dashes; anything else in quotes; what nobody wrote as it is. */
function asWritten(name: string, args: readonly string[]): string {
  for (const flag of [`--${name}`, `-${name}`]) {
    if (args.some((argument) => argument === flag || argument.startsWith(`${flag}=`))) return flag;
  }
  return args.includes(name) ? JSON.stringify(name) : name;
}
