import type { CommandModule } from 'yargs';
import { appendCommand } from './commands/append.ts';
import { backupCommand } from './commands/backup.ts';
import { chainsCommand } from './commands/chains.ts';
import { childrenCommand } from './commands/children.ts';
import { compactCommand } from './commands/compact.ts';
import { deleteCommand } from './commands/delete.ts';
import { describeCommand } from './commands/describe.ts';
import { dumpCommand } from './commands/dump.ts';
import { getCommand } from './commands/get.ts';
import { groupCommand } from './commands/group.ts';
import { identityCommand } from './commands/identity.ts';
import { keyCommand } from './commands/key.ts';
import { lockCommand } from './commands/lock.ts';
import { logoutCommand, whoamiCommand } from './commands/login.ts';
import { proofCommand } from './commands/proof.ts';
import { readCommand } from './commands/read.ts';
import { readersCommand } from './commands/readers.ts';
import { redactCommand } from './commands/redact.ts';
import { repairCommand } from './commands/repair.ts';
import { restoreCommand } from './commands/restore.ts';
import { retainCommand } from './commands/retain.ts';
import { rmCommand } from './commands/rm.ts';
import { rulesCommand } from './commands/rules.ts';
import { shareCommand, unshareCommand } from './commands/share.ts';
import { snapshotCommand } from './commands/snapshot.ts';
import { soloCommand } from './commands/solo.ts';
import { tailCommand } from './commands/tail.ts';
import { tokenCommand } from './commands/token.ts';
import { loginCommand, userCommand } from './commands/user.ts';
import { verifyCommand } from './commands/verify.ts';
import { globalFlags, readGlobalFlags } from './global-flags.ts';
import { keyFlags } from './key-flags.ts';
import { createProgram, declareCompletion, runProgram } from './program.ts';
import { ruleFlags } from './rule-flags.ts';
import { soloFlags } from './solo-flags.ts';

/** In the order in which the help lists them. */
export const commands: readonly CommandModule[] = [
  soloCommand,
  appendCommand,
  readCommand,
  tailCommand,
  getCommand,
  childrenCommand,
  backupCommand,
  restoreCommand,
  redactCommand,
  rmCommand,
  lockCommand,
  shareCommand,
  unshareCommand,
  readersCommand,
  rulesCommand,
  retainCommand,
  snapshotCommand,
  chainsCommand,
  describeCommand,
  compactCommand,
  deleteCommand,
  proofCommand,
  verifyCommand,
  dumpCommand,
  repairCommand,
  keyCommand,
  groupCommand,
  tokenCommand,
  identityCommand,
  loginCommand,
  logoutCommand,
  whoamiCommand,
  userCommand,
];

/** Names of commands, without what follows them on a command line. */
export const commandNames = commands.flatMap(({ command }) => {
  const [form = ''] = [command ?? []].flat();
  return form.split(' ', 1);
});

/**
 * The `atedb` command. Commands load what they need when they run, so that each starts fast.
 * @param args The arguments, without the program's name.
 * @returns The exit code.
 */
export function main(args: readonly string[]): Promise<number> {
  const program = (meant: readonly string[]) => {
    const framed = createProgram('atedb', meant, globalFlags)
      .usage('$0 <command>\n\nDatachains: append signed events, and stream them back.')
      // A flag that asks for what isn't there stops every command, those too that would not use it.
      .middleware((parsed) => {
        readGlobalFlags(parsed, process.env);
      })
      .command([...commands])
      .command('help [command]', 'Print this message, or the help of a command');
    return declareCompletion(framed, { ...globalFlags, ...soloFlags, ...keyFlags, ...ruleFlags });
  };
  return runProgram('atedb', args, program, commandNames);
}
