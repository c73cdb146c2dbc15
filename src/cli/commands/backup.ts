import type { CommandModule } from 'yargs';
import type { ChainKey } from '../../event/index.ts';
import {
  chainFlags,
  declareChainFlags,
  isOn,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { parseText } from '../flag-values.ts';
import { argumentTexts, type ParsedArguments } from '../flags.ts';
import { parseHereAddress } from '../here-address.ts';

const flags = {
  all: switchFlag('all', "All chains, and the server's own files, with its keys"),
  logsPath: valueFlag(
    'logs-path',
    "Folder of the server's logs",
    parseText,
    'that of /opt/ate, ~/ate and ./data which has a server',
  ),
  json: chainFlags.json,
};

const notes = `It reads the files of a server of this machine, which may be at work, and makes copies that are whole and
consistent. Closed segments never change, so each is copied once, and checked against its SHA-256; what isn't
the chain's any more, as data that was redacted, goes from the copy. The folder is made as a logs path is:
atedb verify, read its folders; atedb restore puts them back. With --all it has the server's keys, too: keep it as
closed as the logs path.`;

/** `atedb backup`: copy chains while their server is at work. */
export const backupCommand: CommandModule = {
  command: 'backup [what..]',
  describe: "Copy chains of this machine's server to a folder, while it runs",
  builder: (program) =>
    declareChainFlags(program, flags)
      .positional('what', {
        describe: 'ate://localhost/chain-key, if not --all; then the folder',
        type: 'string',
        array: true,
        default: undefined,
      })
      .example('$0 backup --all /backup --logs-path data', 'everything')
      .example('$0 backup ate://localhost/team/logs /backup', 'one chain')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      ...readTarget(parsed),
      logsPath: readChainFlag(flags.logsPath, parsed),
      json: isOn(flags.json, parsed),
    };
    const { backUp } = await import('../backup.ts');
    await backUp(settings);
  },
};

function readTarget(parsed: ParsedArguments): { chain: ChainKey | undefined; folder: string } {
  const what = argumentTexts(parsed.what);
  const isAll = isOn(flags.all, parsed);
  const [first = '', second] = what;
  if (what.length !== (isAll ? 1 : 2)) {
    throw new UsageError(
      'say which chain and which folder, or --all and the folder: atedb backup ADDRESS FOLDER, or atedb backup --all FOLDER',
    );
  }
  if (isAll || second === undefined) return { chain: undefined, folder: first };
  const { chainKey } = parseHereAddress(first, {
    what: 'a backup reads the files of the server',
    logsPath: readChainFlag(flags.logsPath, parsed),
  });
  return { chain: chainKey, folder: second };
}
