import type { CommandModule } from 'yargs';
import { parseChainKey } from '../../event/index.ts';
import {
  chainFlags,
  declareChainFlags,
  isOn,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { argumentText } from '../flags.ts';

const flags = {
  chain: valueFlag('chain', 'Restore this chain alone, by its key', parseChainKey, 'all'),
  replace: switchFlag(
    'replace',
    'Where a chain is there, set it aside, and put the backup in its place',
  ),
  json: chainFlags.json,
};

const notes = `Stop the server first. Each chain is copied and verified, signatures and rules too, and then put in its
place. Where the logs path has no server's keys yet it gets those of the backup, if that has them. Whoever has
written or read more than the backup has is told so: writers WRITER_AHEAD, readers HEAD_CONFLICT.`;

/** `atedb restore`: put chains of a backup back. */
export const restoreCommand: CommandModule = {
  command: 'restore <folder> <logs-path>',
  describe: 'Put chains of a backup into the logs of a server',
  builder: (program) =>
    declareChainFlags(program, flags)
      .positional('folder', { describe: 'What atedb backup has made', type: 'string' })
      .positional('logs-path', { describe: "Folder of the server's logs", type: 'string' })
      .example('$0 restore /backup data', 'everything')
      .example(
        '$0 restore /backup data --chain team/logs --replace',
        'one chain, in place of what is there',
      )
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      folder: argumentText(parsed.folder),
      logsPath: argumentText(parsed['logs-path']),
      chain: readChainFlag(flags.chain, parsed),
      replaces: isOn(flags.replace, parsed),
      json: isOn(flags.json, parsed),
    };
    const { restore } = await import('../restore.ts');
    await restore(settings);
  },
};
