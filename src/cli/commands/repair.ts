import type { CommandModule } from 'yargs';
import { chainFlags, isOn, readChainFlag, switchFlag, valueFlag } from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { parseInteger, parseText } from '../flag-values.ts';
import { argumentText } from '../flags.ts';
import { headFlag } from '../head-flag.ts';
import { openingKeyFlag, readOpeningKey } from '../opening-key.ts';
import { readServerWays } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  apply: switchFlag('apply', 'Repair what is damaged; without it nothing is changed'),
  dryRun: switchFlag('dry-run', 'Only say what --apply would do, which is the default'),
  from: valueFlag(
    'from',
    'A backup, or another server as ate://HOST, that has what is damaged; neither is believed',
    parseText,
  ),
  head: {
    ...headFlag,
    describe: 'SIZE:ROOT, a head that you are certain of: what --from has up to it may be taken',
  },
  dropSetAside: switchFlag(
    'drop-set-aside',
    'Remove what was set aside, with --apply, and repair nothing; a server may be at work',
  ),
  logsPath: valueFlag(
    'logs-path',
    "Folder of the server's logs, where an address names the chain",
    parseText,
    'that of /opt/ate, ~/ate and ./data which has a server',
  ),
  timeout: valueFlag(
    'timeout',
    'How long another server may send nothing, in seconds; the more it has sent, the longer',
    parseInteger('a number of seconds', 1, 100_000),
    '60',
  ),
  key: openingKeyFlag,
  json: chainFlags.json,
};

const timeoutDefaultSeconds = 60;

const notes = `It reads all files of a chain, and says what is damaged, and which events are concerned. Stop the
server first: while one is at work there, it ends with 2. Where something is to be repaired and
--apply isn't given, it ends with 8.

With --apply a chain goes on behind its last batch that can be read and follows from all before it.
What comes after that is set aside in the folder set-aside-N of the chain's, byte by byte; nothing
is deleted, and atedb dump shows it. What can be made again (headers, footers, manifest, indexes) is
made again, and costs no event.

Somebody who has the same chain loses less. With --from BACKUP, damaged files of closed segments are
put back from it first, each only if it is byte for byte what the chain's manifest says, so the
backup's age doesn't matter. What is lost then is taken batch by batch, from the backup, or with
--from ate://HOST from another server: each is proven by hashes that are left here, and the whole
chain is verified before anything counts. What was erased here doesn't come back; what is gone under
a snapshot is taken from those who have let the same go. Where events are lost all the same, nothing
is cut off, and it ends with 8; without --from, what follows them is.

What was set aside may hold data that is erased later, and nobody looks there: --drop-set-aside
removes it.`;

/** `atedb repair`: explain what is damaged, and repair it. */
export const repairCommand: CommandModule = {
  command: 'repair <path>',
  describe: 'Explain what of a chain is damaged, and repair it',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('path', {
        describe: "A chain's folder, one with chains below, or ate://localhost/chain-key",
        type: 'string',
      })
      .example('$0 repair data', 'look at all chains; change nothing')
      .example('$0 repair data/example.com/me/syslog.chain --apply', 'repair one')
      .example('$0 repair data --from /backup --apply', 'put back what a backup has')
      .example('$0 repair ate://localhost/team/logs --from ate://other.example.com', 'ask a server')
      .epilogue(notes),
  handler: async (parsed) => {
    const apply = isOn(flags.apply, parsed);
    if (apply && isOn(flags.dryRun, parsed)) {
      throw new UsageError('--apply and --dry-run contradict each other; leave one out');
    }
    const dropsSetAside = isOn(flags.dropSetAside, parsed);
    if (dropsSetAside && readChainFlag(flags.from, parsed) !== undefined) {
      throw new UsageError(
        '--drop-set-aside repairs nothing: leave --from out, or do one after the other',
      );
    }
    const settings = {
      path: argumentText(parsed.path),
      logsPath: readChainFlag(flags.logsPath, parsed),
      apply,
      dropSetAside: dropsSetAside,
      from: readChainFlag(flags.from, parsed),
      head: readChainFlag(flags.head, parsed),
      timeoutSeconds: readChainFlag(flags.timeout, parsed) ?? timeoutDefaultSeconds,
      ways: readServerWays(parsed),
      ...readOpeningKey(parsed),
      json: isOn(flags.json, parsed),
    };
    const { repairPath } = await import('../repair.ts');
    await repairPath(settings);
  },
};
