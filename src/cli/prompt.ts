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

/** What is asked for, and what else can be done. */
interface Asked {
  /** In a word or two. */
  readonly what: string;
  /** For where there is no terminal. */
  readonly otherwise: string;
}

/**
 * Keys that came together with those of an answer, and belong to the next ones: who pastes two lines, or has a program type them, answers two questions.
 * There is one terminal, and so one of these.
 */
let typedAhead: string[] = [];

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
  return onTerminal({ what, otherwise }, (ask) => ask(question));
}

/**
 * As `askHidden`, twice. Nothing that is typed between the questions is shown either.
 *
 * @param check refuses an answer before it is to be typed again.
 */
export function askHiddenTwice(
  [question, again]: readonly [question: string, again: string],
  asked: Asked,
  check: (answer: string) => void = () => undefined,
): Promise<readonly [string, string]> {
  return onTerminal(asked, async (ask) => {
    const answer = await ask(question);
    check(answer);
    return [answer, await ask(again)];
  });
}

async function onTerminal<T>(
  asked: Asked,
  talk: (ask: (question: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const { input, output } = openTerminal(asked);
  try {
    // Before the question is there: what is typed at once is not to be shown either.
    input.setRawMode(true);
    return await talk(async (question) => {
      output.write(question);
      try {
        return await readHidden(input, asked);
      } finally {
        output.write('\n');
      }
    });
  } finally {
    input.setRawMode(false);
    input.destroy();
    output.destroy();
  }
}

function openTerminal({ what, otherwise }: Asked): { input: ReadStream; output: WriteStream } {
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
function readHidden(input: ReadStream, { what }: Asked): Promise<string> {
  const decoder = new StringDecoder('utf8');
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
  const stop = () => reject(new UsageError(`no ${what} was given`));
  const line = new TypedLine();
  const take = (keys: Iterable<string>) => {
    const left = [...keys];
    while (line.state === 'open') {
      const key = left.shift();
      if (key === undefined) return;
      line.type(key);
    }
    // One key of a terminal may be two characters.
    if (line.endsWith === '\r' && left[0] === '\n') left.shift();
    input.pause();
    typedAhead = left;
    if (line.state === 'done') resolve(line.text);
    else stop();
  };
  const onData = (bytes: Buffer) => take(decoder.write(bytes));
  input.on('error', reject).on('end', stop).on('data', onData);
  // In this mode Ctrl-C is a character; a signal comes from elsewhere, and ends the question too.
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const before = typedAhead;
  typedAhead = [];
  take(before);
  if (line.state === 'open') input.resume();
  return answer.finally(() => {
    input.off('error', reject).off('end', stop).off('data', onData);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  });
}

/** A line as it is typed. */
class TypedLine {
  #typed: string[] = [];
  /** `stopped`: it was broken off. */
  state: 'open' | 'done' | 'stopped' = 'open';
  /** The key that was typed last. */
  endsWith = '';

  get text(): string {
    return this.#typed.join('');
  }

  type(key: string): void {
    this.endsWith = key;
    if (key === '\r' || key === '\n') this.state = 'done';
    else if (key === characters.interrupt) this.state = 'stopped';
    else if (key === characters.end) this.state = this.#typed.length === 0 ? 'stopped' : 'done';
    else if (key === characters.backspace || key === characters.delete) this.#typed.pop();
    else if (key === characters.eraseLine) this.#typed = [];
    // Other keys that are no characters, as Escape, are left out.
    else if (key >= ' ') this.#typed.push(key);
  }
}
