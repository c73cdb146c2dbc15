import { authServerGlobalFlags } from './auth-server-flags.ts';
import { generateCommand, runCommand } from './commands/auth-server.ts';
import { createProgram, runProgram } from './program.ts';

/**
 * The `auth-server` command: accounts alone, for datachain servers elsewhere.
 * @param args The arguments, without the program's name.
 * @returns The exit code.
 */
export function main(args: readonly string[]): Promise<number> {
  const program = (meant: readonly string[]) =>
    createProgram('auth-server', meant, authServerGlobalFlags)
      .usage('$0 <command>\n\nThe server that says who owns a chain: accounts of users and groups.')
      .command(runCommand)
      .command(generateCommand)
      .command('help [command]', 'Print this message, or the help of a command');
  return runProgram('auth-server', args, program, ['run', 'generate']);
}
