import type { CommandModule } from 'yargs';
import {
  chainFlags,
  declareChainFlags,
  isOn,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { parseText } from '../flag-values.ts';
import { argumentText } from '../flags.ts';

const flags = {
  apply: switchFlag('apply', 'Repair what is damaged; without it nothing is changed'),
  from: valueFlag(
    'from',
    'A backup: whole files of closed segments are taken from it, where they are the very ones',
    parseText,
  ),
  json: chainFlags.json,
};

const notes = `It reads all files of a chain, and says what is damaged, and which events are concerned. Stop the
server first: while one is at work there, it ends with 2. Where something is to be repaired and
--apply isn't given, it ends with 8.

With --apply a chain goes on behind its last batch that can be read and follows from all before it.
What comes after that is set aside in the folder set-aside-N of the chain's, byte by byte; nothing
is deleted, and atedb dump shows it. What can be made again (headers, footers, manifest, indexes) is
made again, and costs no event.

A backup loses less. With --from BACKUP, damaged files of closed segments are put back from it first, each
only if it is byte for byte what the chain's manifest says, so the backup's age doesn't matter; what is damaged
is set aside. Where events are lost all the same, nothing is cut off: it ends with 8, and without --from it is.`;

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
      .example('$0 repair data --from /backup --apply', 'put back what a backup has')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      path: argumentText(parsed.path),
      apply: isOn(flags.apply, parsed),
      from: readChainFlag(flags.from, parsed),
      json: isOn(flags.json, parsed),
    };
    const { repairPath } = await import('../repair.ts');
    await repairPath(settings);
  },
};
