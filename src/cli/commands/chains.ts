import type { CommandModule } from 'yargs';
import { parseServerAddress } from '../../event/index.ts';
import { chainFlags, isOn, readChainFlag, readPositional, valueFlag } from '../chain-flags.ts';
import { parseText } from '../flag-values.ts';
import { readServer } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  prefix: valueFlag('prefix', 'Only chain keys that start so', parseText),
  json: chainFlags.json,
};

/** `atedb chains`: list a server's chains. */
export const chainsCommand: CommandModule = {
  command: 'chains <server>',
  describe: 'List the chains of a server on this machine',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('server', { describe: 'host[:port]', type: 'string' })
      .example('$0 chains localhost', 'all of them')
      .example('$0 chains localhost:5555 --prefix example.com/ --json', 'one owner, as JSON')
      .epilogue('A server lists its chains for callers on its own machine only.'),
  handler: async (parsed) => {
    const settings = {
      server: readServer(readPositional('server', parsed, parseServerAddress), parsed),
      prefix: readChainFlag(flags.prefix, parsed),
      json: isOn(flags.json, parsed),
    };
    const { listChains } = await import('../chains.ts');
    await listChains(settings);
  },
};
