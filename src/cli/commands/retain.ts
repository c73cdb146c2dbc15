import type { CommandModule } from 'yargs';
import { isOn, readChainFlag, switchFlag, valueFlag } from '../chain-flags.ts';
import { UsageError } from '../errors.ts';
import { parseInteger } from '../flag-values.ts';
import type { ParsedArguments } from '../flags.ts';
import { parseAge } from '../retention-words.ts';
import { declareServerFlags } from '../tls-flags.ts';
import { readWriteFlags, writeFlags } from '../write-flags.ts';

const { primaryKey: _primaryKey, name: _name, parent: _parent, ...chainWriteFlags } = writeFlags;

const flags = {
  age: valueFlag(
    'age',
    'Data may go that was committed so long before the newest commit, as 30d',
    parseAge,
  ),
  count: valueFlag(
    'count',
    'Data may go that is not among the newest so many events',
    parseInteger('a number of events', 1, Number.MAX_SAFE_INTEGER),
  ),
  keepAll: switchFlag('keep-all', 'All data is kept from now on'),
  ...chainWriteFlags,
};

const notes = `The rule is a signed event, of a root of the chain; it replaces the one before. With both flags data may go by
either. The server drops it when it compacts the chain: data alone, and never what says who may do what,
nor removals. Headers stay, and prove what was there. What is gone does not come back with another rule.`;

/** `atedb retain`: say for how long a chain's data is kept. */
export const retainCommand: CommandModule = {
  command: 'retain <address>',
  describe: 'Show, or set, for how long the data of a chain is kept',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 retain ate://localhost/team/logs', 'as it is')
      .example('$0 retain ate://localhost/team/logs --age 30d', 'a month')
      .example('$0 retain ate://localhost/team/logs --age 52w --count 1000000', 'both')
      .example('$0 retain ate://localhost/team/logs --keep-all', 'for ever')
      .epilogue(notes),
  handler: async (parsed) => {
    const settings = { ...readWriteFlags(parsed), retain: readRetention(parsed) };
    const { showOrSetRetention } = await import('../retain.ts');
    await showOrSetRetention(settings);
  },
};

function readRetention(parsed: ParsedArguments) {
  const ageMs = readChainFlag(flags.age, parsed);
  const count = readChainFlag(flags.count, parsed);
  const isSaid = ageMs !== undefined || count !== undefined;
  if (!isOn(flags.keepAll, parsed)) return isSaid ? { ageMs, count } : undefined;
  if (isSaid) throw new UsageError('--keep-all keeps everything: leave --age and --count out');
  return {};
}
