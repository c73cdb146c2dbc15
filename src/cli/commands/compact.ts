import type { CommandModule } from 'yargs';
import { parseChainAddress } from '../../event/index.ts';
import { chainFlags, isOn, readPositional, switchFlag } from '../chain-flags.ts';
import { readServer } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  dryRun: switchFlag('dry-run', 'Only tell what it would do'),
  json: chainFlags.json,
};

/** `atedb compact`: have superseded data of a chain dropped now. */
export const compactCommand: CommandModule = {
  command: 'compact <address>',
  describe: 'Drop the data of superseded events of a chain, on a server on this machine',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 compact ate://localhost/example.com/me/syslog', 'now, wherever there is any')
      .example('$0 compact ate://localhost/example.com/me/syslog --dry-run', 'only tell')
      .epilogue(
        'Servers compact chains by themselves, as --compact-mode of solo has it. The chain can be read and written meanwhile; every proof stays what it is.',
      ),
  handler: async (parsed) => {
    const address = readPositional('address', parsed, parseChainAddress);
    const settings = {
      server: readServer(address, parsed),
      chainKey: address.chainKey.text,
      dryRun: isOn(flags.dryRun, parsed),
      json: isOn(flags.json, parsed),
    };
    const { compactChain } = await import('../compact.ts');
    await compactChain(settings);
  },
};
