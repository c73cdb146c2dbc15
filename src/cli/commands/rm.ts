import type { CommandModule } from 'yargs';
import {
  chainFlags,
  isOn,
  parseSequence,
  readChainFlag,
  readPassphraseFlag,
  switchFlag,
  valueFlag,
} from '../chain-flags.ts';
import { readChainTarget } from '../chain-target.ts';
import { UsageError } from '../errors.ts';
import { objectFlags, readObject } from '../object-flags.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  ...objectFlags,
  force: switchFlag('force', 'Remove it also where it is not there', ['f']),
  unchangedSince: valueFlag(
    'object-unchanged-since',
    'Refuse if another writer has changed the object at this sequence or above',
    parseSequence,
  ),
  key: chainFlags.key,
  sign: switchFlag('sign', 'Sign the batch, also in a centralized chain'),
  chainId: chainFlags.chainId,
  json: chainFlags.json,
};

/** `atedb rm`: remove an object. */
export const rmCommand: CommandModule = {
  command: 'rm <address>',
  describe: 'Remove an object: append its tombstone',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 rm ate://localhost/team/settings --name colour', 'the object of this name')
      .epilogue(
        "What was appended of the object stays in the chain's history. Its rules go with it, so that what is\nwritten to it next is for whom its parent, or the chain, says. An object that is not there\nends the command with 7, and nothing is appended.",
      ),
  handler: async (parsed) => {
    const primaryKey = readObject(parsed);
    if (primaryKey === undefined) throw new UsageError('say which: --primary-key or --name');
    const settings = {
      ...readChainTarget(parsed),
      primaryKey,
      force: isOn(flags.force, parsed),
      unchangedSince: readChainFlag(flags.unchangedSince, parsed),
      key: readChainFlag(flags.key, parsed),
      sign: isOn(flags.sign, parsed),
      passphraseFile: readPassphraseFlag(parsed),
      json: isOn(flags.json, parsed),
    };
    const { removeObject } = await import('../rm.ts');
    await removeObject(settings);
  },
};
