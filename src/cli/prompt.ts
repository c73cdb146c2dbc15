import { openSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream, WriteStream } from 'node:tty';
import { UsageError } from './errors.ts';

const terminalPath = '/dev/tty';
const characters = {
  interrupt: '\x03',
  end: '\x04',
  backspace: '\b',
  delete: '\x7f',
  eraseLine: '\x15',
} as const;

/**
 * Ask for a secret on the terminal, and show nothing of it. The terminal is asked itself, wherever input and output go.
 *
 * @param question without a line's end.
 * @param otherwise what else can be done, for where there is no terminal.
 * @param what is asked for, in a word or two.
 * @throws UsageError where there is none, or the answer is broken off.
 */
export async function askHidden(
  question: string,
  otherwise: string,
  what = 'passphrase',
): Promise<string> {
  const { input, output } = openTerminal(what, otherwise);
  try {
    // Before the question is there: what is typed at once is not to be shown either.
    input.setRawMode(true);
    const answer = readHidden(input, what);
    output.write(question);
    return await answer;
  } finally {
    input.setRawMode(false);
    output.write('\n');
    input.destroy();
    output.destroy();
  }
}

function openTerminal(what: string, otherwise: string): { input: ReadStream; output: WriteStream } {
  try {
    const input = new ReadStream(openSync(terminalPath, 'r'));
    return { input, output: new WriteStream(openSync(terminalPath, 'w')) };
  } catch (error) {
    throw new UsageError(`there is no terminal to ask for a ${what}; ${otherwise}`, {
      cause: error,
    });
  }
}

/** Read a line, key by key: a terminal that reads lines shows them. */
function readHidden(input: ReadStream, what: string): Promise<string> {
  const decoder = new StringDecoder('utf8');
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
  const stop = () => reject(new UsageError(`no ${what} was given`));
  let typed: string[] = [];
  input.on('error', reject).on('end', stop);
  input.on('data', (bytes) => {
    for (const character of decoder.write(bytes)) {
      if (character === '\r' || character === '\n') resolve(typed.join(''));
      else if (character === characters.interrupt) stop();
      else if (character === characters.end) {
        if (typed.length === 0) stop();
        else resolve(typed.join(''));
      } else if (character === characters.backspace || character === characters.delete) {
        typed.pop();
      } else if (character === characters.eraseLine) typed = [];
      // Other keys that are no characters, as Escape, are left out.
      else if (character >= ' ') typed.push(character);
    }
  });
  // In this mode Ctrl-C is a character; a signal comes from elsewhere, and ends the question too.
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return answer.finally(() => process.off('SIGINT', stop).off('SIGTERM', stop));
}
