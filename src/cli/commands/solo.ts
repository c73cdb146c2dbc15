import type { CommandModule } from 'yargs';
import { readGlobalFlags } from '../global-flags.ts';
import { declareFlags } from '../program.ts';
import { readSoloFlags, soloFlags } from '../solo-flags.ts';

/** `atedb solo`: run one server. */
export const soloCommand: CommandModule = {
  command: 'solo [logs-path]',
  describe: 'Run a datachain server, and listen for clients',
  builder: (program) =>
    declareFlags(program, soloFlags, 'Options:').example(
      '$0 --no-auth --no-wire-encryption solo -l 127.0.0.1 -p 5555',
      'a server for this machine alone',
    ),
  handler: async (parsed) => {
    const globals = readGlobalFlags(parsed, process.env);
    const solo = readSoloFlags(parsed, process.env);
    const { runSolo } = await import('../run-solo.ts');
    await runSolo(globals, solo);
  },
};
