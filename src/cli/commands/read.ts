import type { CommandModule } from 'yargs';
import {
  chainFlags,
  isOn,
  parseSequence,
  readChainFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { printFlags, printNotes, readPrintFlags } from '../print-flags.ts';
import { dataUpToFlag, readerFlags, readReaderFlags } from '../reader-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  from: valueFlag('from', 'Sequence of the first event', parseSequence, '0'),
  to: valueFlag(
    'to',
    'Sequence to end before: --from 5 --to 7 is 5 and 6',
    parseSequence,
    'the end of the chain',
  ),
  damaged: chainFlags.damaged,
  reverse: switchFlag('reverse', 'Print the newest event first', ['r']),
  resume: switchFlag(
    'resume',
    'What is before --from was kept: end where later events went under a snapshot, which may have removed it',
  ),
  dataUpTo: dataUpToFlag,
  ...readerFlags,
  ...printFlags,
};

/** `atedb read`: print a range of a chain. */
export const readCommand: CommandModule = {
  command: 'read <address>',
  describe: 'Print the events of a chain, verified, and end',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 read ate://localhost/example.com/me/syslog', 'all of it')
      .example('$0 read ate://localhost/example.com/me/syslog -r --limit 10', 'the last ten events')
      .example('$0 read ate://localhost/team/logs --from 5 --json --text', 'as JSON')
      .epilogue(printNotes),
  handler: async (parsed) => {
    const from = readChainFlag(flags.from, parsed);
    const end = readChainFlag(flags.to, parsed);
    if (end !== undefined && end < (from ?? 0)) {
      throw new UsageError(`--to ${end} is before --from ${from}`);
    }
    const settings = {
      ...readChainTarget(parsed),
      from,
      end,
      reverse: isOn(flags.reverse, parsed),
      resumes: isOn(flags.resume, parsed),
      damaged: isOn(flags.damaged, parsed),
      dataUpTo: readChainFlag(flags.dataUpTo, parsed),
      ...readReaderFlags(parsed),
      ...readPrintFlags(parsed),
    };
    const { readChain } = await import('../read.ts');
    await readChain(settings);
  },
};
