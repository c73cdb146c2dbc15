import type { CommandModule } from 'yargs';
import { chainFlags, declareChainFlags, isOn, switchFlag } from '../chain-flags.ts';
import { argumentText } from '../flags.ts';

const flags = {
  apply: switchFlag('apply', 'Repair what is damaged; without it nothing is changed'),
  json: chainFlags.json,
};

const notes = `It reads all files of a chain, and says what is damaged, and which events are concerned. Stop the
server first: while one is at work there, it ends with 2. Where something is to be repaired and
--apply isn't given, it ends with 8.

With --apply a chain goes on behind its last batch that can be read and follows from all before it.
What comes after that is set aside in the folder set-aside-N of the chain's, byte by byte; nothing
is deleted, and atedb dump shows it. What can be made again (headers, footers, manifest, indexes) is
made again, and costs no event. A file from a backup loses less: see docs/operations.md first.`;

/** `atedb repair`: explain what is damaged, and repair it. */
export const repairCommand: CommandModule = {
  command: 'repair <path>',
  describe: 'Explain what of a chain is damaged, and repair it',
  builder: (program) =>
    declareChainFlags(program, flags)
      .positional('path', {
        describe: "A chain's folder, or one with chains below",
        type: 'string',
      })
      .example('$0 repair data', 'look at all chains; change nothing')
      .example('$0 repair data/example.com/me/syslog.chain --apply', 'repair one')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      path: argumentText(parsed.path),
      apply: isOn(flags.apply, parsed),
      json: isOn(flags.json, parsed),
    };
    const { repairPath } = await import('../repair.ts');
    await repairPath(settings);
  },
};
