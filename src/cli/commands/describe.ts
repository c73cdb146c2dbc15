import type { CommandModule } from 'yargs';
import { parseChainAddress } from '../../event/index.ts';
import { chainFlags, declareChainFlags, isOn, readPositional } from '../chain-flags.ts';
import { openingKeyFlag, readOpeningKey } from '../opening-key.ts';

const flags = {
  key: openingKeyFlag,
  json: chainFlags.json,
};

/** `atedb describe`: tell of a chain. */
export const describeCommand: CommandModule = {
  command: 'describe <address>',
  describe: 'Tell of a chain: its id, who may write, its size, its health',
  builder: (program) =>
    declareChainFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 describe ate://localhost/example.com/me/syslog', 'in words')
      .epilogue("These are the server's words; read and tail verify what they print."),
  handler: async (parsed) => {
    const address = readPositional('address', parsed, parseChainAddress);
    const settings = {
      server: address.server,
      chainKey: address.chainKey.text,
      ...readOpeningKey(parsed),
      json: isOn(flags.json, parsed),
    };
    const { describeChain } = await import('../describe.ts');
    await describeChain(settings);
  },
};
