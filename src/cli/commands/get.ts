import type { CommandModule } from 'yargs';
import { chainFlags, isOn, parseSequence, readChainFlag, valueFlag } from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { objectFlags, readObject } from '../object-flags.ts';
import { printFlags, readPrintFlags } from '../print-flags.ts';
import { readerFlags, readReaderFlags } from '../reader-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const { limit: _, ...oneEvent } = printFlags;
const flags = {
  ...objectFlags,
  sequence: valueFlag('sequence', 'The event of this sequence', parseSequence),
  damaged: chainFlags.damaged,
  ...readerFlags,
  ...oneEvent,
};

const notes = `It prints the object's newest event, verified and proven to be in the chain, as read does. An
object without one, or whose newest event is a tombstone, ends the command with 7.`;

/** `atedb get`: print one event. */
export const getCommand: CommandModule = {
  command: 'get <address>',
  describe: "Print an object's newest event, or the event of a sequence",
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 get ate://localhost/team/settings --name colour', 'what the object holds now')
      .example('$0 get ate://localhost/team/settings --sequence 17 --json', 'an event, as JSON')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = {
      ...readChainTarget(parsed),
      damaged: isOn(flags.damaged, parsed),
      event: eventOf(readObject(parsed), readChainFlag(flags.sequence, parsed)),
      ...readReaderFlags(parsed),
      ...readPrintFlags(parsed),
    };
    const { getOne } = await import('../get.ts');
    await getOne(settings);
  },
};

function eventOf(primaryKey: Buffer | undefined, sequence: number | undefined) {
  if (primaryKey !== undefined && sequence === undefined) return { primaryKey };
  if (primaryKey === undefined && sequence !== undefined) return { sequence };
  throw new UsageError('say which event: one of --primary-key, --name and --sequence');
}
