import type { CommandModule } from 'yargs';
import { chainFlags, declareChainFlags, isOn } from '../chain-flags.ts';
import { argumentText } from '../flags.ts';

const flags = { json: chainFlags.json };

const notes = `The folder of a chain is below the logs path of its server, is named after its key and ends with
.chain. Of single files it takes segments, tails that were set aside, manifests, snapshots and
indexes. Nothing is changed, and a running server isn't disturbed. What is wrong is said where it
is, and what can be read after it is shown; where anything is damaged the command ends with 1, and
with 0 where only the last write is torn, which the server mends when it opens the chain.`;

/** `atedb dump`: show a log in words, without a server. */
export const dumpCommand: CommandModule = {
  command: 'dump <path>',
  describe: "Show a log's files in words, without a server",
  builder: (program) =>
    declareChainFlags(program, flags)
      .positional('path', { describe: "A chain's folder, or a file of it", type: 'string' })
      .example('$0 dump data/example.com/me/syslog.chain', 'all files of a chain')
      .example('$0 dump data/team/logs.chain/segment-00000000.log --json', 'one file, as JSON')
      .epilogue(notes),
  handler: async (parsed) => {
    const { dumpPath } = await import('../dump.ts');
    await dumpPath({ path: argumentText(parsed.path), json: isOn(flags.json, parsed) });
  },
};
