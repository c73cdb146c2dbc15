import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import { main as atedb } from '../../src/cli/atedb.ts';
import { main as authServer } from '../../src/cli/auth-server.ts';
import { passphraseCosts } from '../../src/crypto/index.ts';
import {
  type CommandOptions,
  type CommandResult,
  cleanEnvironment,
  runCommand,
} from '../command.ts';
import { isLong } from './scale.ts';

// What a command is given by its process, changed for as long as one runs in this one.

/** What making a key of a passphrase or password costs by default: here the least that is accepted, which is a fifth of it. */
const cheapest = { memoryKib: 19_456, passes: 2, lanes: 1 };
const mains = { atedb, 'auth-server': authServer };
/** A command's input is no file where it is a pipe. */
const noFile = openSync(devNull, 'r');
let last: Promise<unknown> = Promise.resolve();

/**
 * Run a command to its end, in this process: to start one takes longer than most commands, and hundreds of them take longer
 * than all other tests. The long form starts them, and in `npm test` those do that are sent signals or are killed, and the
 * README's tour.
 */
export function runHere(
  command: 'atedb' | 'auth-server',
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  if (isLong || options.folder !== undefined) return runCommand(command, args, options);
  return runOnlyHere(command, args, options);
}

/** As `runHere`, in the long run too: for tests that change what only this process has, as its clock. */
export function runOnlyHere(
  command: 'atedb' | 'auth-server',
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  // A process has one output: they take turns.
  const result = last.then(() => run(mains[command], args, options));
  last = result.catch(() => undefined);
  return result;
}

async function run(
  main: (args: readonly string[]) => Promise<number>,
  args: readonly string[],
  { environment, input = '' }: CommandOptions,
): Promise<CommandResult> {
  const said = { stdout: '', stderr: '' };
  const collecting = (name: keyof typeof said) =>
    new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  const given = {
    env: cleanEnvironment(environment),
    stdin: Object.assign(Readable.from([Buffer.from(input)]), { fd: noFile, isTTY: false }),
    stdout: collecting('stdout'),
    stderr: collecting('stderr'),
  };
  const before = Object.getOwnPropertyDescriptors(process);
  const costs = { ...passphraseCosts };
  Object.assign(passphraseCosts, cheapest);
  for (const [name, value] of Object.entries(given)) {
    Object.defineProperty(process, name, { value, configurable: true, writable: true });
  }
  try {
    const code = await main(args);
    // What was written last is still on its way.
    await new Promise(setImmediate);
    return { code, ...said };
  } finally {
    Object.assign(passphraseCosts, costs);
    for (const name of ['env', 'stdin', 'stdout', 'stderr'] as const) {
      Object.defineProperty(process, name, before[name] as PropertyDescriptor);
    }
  }
}
