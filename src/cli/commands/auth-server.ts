import type { CommandModule } from 'yargs';
import {
  authServerGlobalFlags,
  checkFlags,
  generateFlags,
  runFlags,
} from '../auth-server-flags.ts';
import { NotBuiltYetError } from '../errors.ts';
import { declareFlags, type FlagTable } from '../program.ts';

function notBuiltYetCommand(settings: {
  name: string;
  argument: string;
  describe: string;
  flags: FlagTable;
}): CommandModule {
  const { name, argument, describe, flags } = settings;
  return {
    command: `${name} [${argument}]`,
    describe: `${describe}. Not built yet`,
    builder: (program) => declareFlags(program, flags),
    handler: (parsed) => {
      checkFlags({ ...authServerGlobalFlags, ...flags }, parsed, process.env);
      throw new NotBuiltYetError(
        `auth-server ${name} isn't built yet, so nothing was started; a server without one runs by: ` +
          'atedb --no-auth solo',
      );
    },
  };
}

/** `auth-server run`. */
export const runCommand = notBuiltYetCommand({
  name: 'run',
  argument: 'logs-path',
  describe: 'Run the auth server, and listen for clients',
  flags: runFlags,
});

/** `auth-server generate`. */
export const generateCommand = notBuiltYetCommand({
  name: 'generate',
  argument: 'key-path',
  describe: 'Make the keys of an auth server',
  flags: generateFlags,
});
