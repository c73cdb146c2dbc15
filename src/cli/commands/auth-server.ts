import type { CommandModule } from 'yargs';
import {
  authServerGlobalFlags,
  checkFlags,
  generateFlags,
  readRunFlags,
  runFlags,
  unbuiltRunFlags,
} from '../auth-server-flags.ts';
import { readFlag } from '../flags.ts';
import { notBuiltYet } from '../global-flags.ts';
import { declareFlags } from '../program.ts';

/** `auth-server run`: accounts alone, for datachain servers that are told `--auth`. */
export const runCommand: CommandModule = {
  command: 'run [logs-path]',
  describe: 'Run the auth server, and listen for clients',
  builder: (program) =>
    declareFlags(
      declareFlags(program, runFlags, 'Options:'),
      unbuiltRunFlags,
      'Not built:',
    ).example(
      '$0 run -l 127.0.0.1',
      'for this machine alone; then: atedb --auth ate://localhost solo',
    ),
  handler: async (parsed) => {
    const settings = readRunFlags(parsed, process.env);
    const { runAuthServer } = await import('../run-auth-server.ts');
    await runAuthServer(settings);
  },
};

/** `auth-server generate`: the keys of a server that has not run yet, so that others can be told its identity. */
export const generateCommand: CommandModule = {
  command: 'generate [key-path]',
  describe: 'Make the keys of an auth server before its first start, and print its identity',
  builder: (program) => declareFlags(program, generateFlags, 'Options:'),
  handler: async (parsed) => {
    checkFlags({ ...authServerGlobalFlags, ...generateFlags }, parsed, process.env);
    const strength = readFlag(generateFlags.strength, parsed, process.env);
    if (strength?.value === '256') {
      throw notBuiltYet(strength, 'a suite of that strength', 'leave it out');
    }
    const { generateKeys } = await import('../run-auth-server.ts');
    await generateKeys(readFlag(generateFlags.keyPath, parsed, process.env));
  },
};
