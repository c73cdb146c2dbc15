import type { CommandModule } from 'yargs';
import { parseChainAddress } from '../../event/index.ts';
import {
  chainFlags,
  isOn,
  readChainFlag,
  readPositional,
  readTrustMode,
  switchFlag,
} from '../chain-flags.ts';
import { readServer } from '../server-target.ts';
import { declareServerFlags } from '../tls-flags.ts';

const flags = {
  yes: switchFlag('yes', "Don't ask", ['y']),
  key: chainFlags.key,
  chainId: chainFlags.chainId,
  json: switchFlag('json', 'Print errors as JSON'),
};

/** `atedb delete`: delete a chain. */
export const deleteCommand: CommandModule = {
  command: 'delete <address>',
  describe: 'Delete a chain with all that it holds, as one of its roots',
  builder: (program) =>
    declareServerFlags(program, flags)
      .positional('address', { describe: 'ate://host[:port]/chain-key', type: 'string' })
      .example('$0 delete ate://localhost/team/old', 'asks for the chain key to be typed')
      .epilogue(
        'It is gone for good: keep a copy of its folder before, if it may be wanted. Without a terminal\nto ask on, say --yes. A chain that is made under its key later is another one.',
      ),
  handler: async (parsed) => {
    const address = readPositional('address', parsed, parseChainAddress);
    const settings = {
      address: address.text,
      server: readServer(address, parsed),
      chainKey: address.chainKey.text,
      yes: isOn(flags.yes, parsed),
      key: readChainFlag(flags.key, parsed),
      chainId: readChainFlag(flags.chainId, parsed),
      trustMode: readTrustMode(parsed),
      json: isOn(flags.json, parsed),
    };
    const { deleteChain } = await import('../delete.ts');
    await deleteChain(settings);
  },
};
