/** What a shell is told that could stand next. */
export interface CompletionContext {
  /** The words of the command line, the last one being completed: it may be empty. */
  readonly words: readonly string[];
  /** What the program's commands and flags offer there. */
  readonly offered: readonly string[];
  /** What a flag, by its name or letter without dashes, can be set to; undefined where it is anything, or no such flag. */
  readonly choicesOf: (flag: string) => readonly string[] | undefined;
}

/**
 * Choose what a shell is to offer: the values of a flag that has few, flags where one is begun, commands elsewhere. Where that
 * is nothing, the shell offers files.
 */
export function complete({ words, offered, choicesOf }: CompletionContext): string[] {
  const current = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  const choices = isFlag(before) ? choicesOf(before.replace(/^-+/, '')) : undefined;
  if (choices !== undefined) return choices.filter((choice) => choice.startsWith(current));
  // A letter has one dash, whatever is made of it.
  const known = offered.filter((word) => isFlag(word) && !/^--.$/.test(word));
  if (isFlag(current)) return known.filter((word) => word.startsWith(current));
  return offered.filter((word) => !isFlag(word) && word.startsWith(current));
}

function isFlag(word: string): boolean {
  return word.startsWith('-');
}
