import type { CommandModule } from 'yargs';
import { isOn, readChainFlag, switchFlag, valueFlag } from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { printFlags, printNotes, readPrintFlags } from '../print-flags.ts';
import { dataUpToFlag, readerFlags, readReaderFlags } from '../reader-flags.ts';
import { parseStartPoint } from '../start-point.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  from: valueFlag(
    'from',
    'Where to start: a sequence, "start", "now", or a time as 2026-01-31T23:59:00Z (without a zone, this ' +
      "machine's)",
    parseStartPoint,
    'start',
  ),
  fresh: switchFlag(
    'fresh',
    'Nothing was kept of what is before --from: go on where later events went under a snapshot, too',
  ),
  dataUpTo: dataUpToFlag,
  ...readerFlags,
  ...printFlags,
};

const notes = `${printNotes}
A lost server is tried again until it is back: that is told on standard error, and no event is
missed or printed twice. Who goes on with --from where they stopped, and has kept what was before, is
told (HISTORY_COMPACTED) if events that may have removed some of that have gone under a snapshot
since: begin anew then, or say --fresh. It ends with Ctrl-C, or when the reader of its pipe goes.`;

/** `atedb tail`: print a chain and follow it. */
export const tailCommand: CommandModule = {
  command: 'tail <address>',
  describe: 'Print the events of a chain, verified, and then those that come',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 tail ate://localhost/example.com/me/syslog', 'history, then what comes')
      .example('$0 tail ate://localhost/team/logs --from now | grep error', 'what comes')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      ...readChainTarget(parsed),
      from: readChainFlag(flags.from, parsed) ?? 'start',
      isFresh: isOn(flags.fresh, parsed),
      dataUpTo: readChainFlag(flags.dataUpTo, parsed),
      ...readReaderFlags(parsed),
      ...readPrintFlags(parsed),
    };
    const { tailChain } = await import('../tail.ts');
    await tailChain(settings);
  },
};
