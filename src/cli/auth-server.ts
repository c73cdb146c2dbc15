import { authServerGlobalFlags } from './auth-server-flags.ts';
import { generateCommand, runCommand } from './commands/auth-server.ts';
import { createProgram, runProgram } from './program.ts';

/**
 * The `auth-server` command: its flags are those of the original and are checked, but the server behind them isn't
 * built yet, and it says so.
 * @param args The arguments, without the program's name.
 * @returns The exit code.
 */
export function main(args: readonly string[]): Promise<number> {
  const program = (meant: readonly string[]) =>
    createProgram('auth-server', meant, authServerGlobalFlags)
      .usage('$0 <command>\n\nThe server that says who owns a chain. Not built yet.')
      .command(runCommand)
      .command(generateCommand)
      .command('help [command]', 'Print this message, or the help of a command');
  return runProgram('auth-server', args, program, ['run', 'generate']);
}
