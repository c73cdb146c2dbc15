import type { CommandModule } from 'yargs';
import { chainFlags, declareChainFlags, isOn } from '../chain-flags.ts';

const flags = { json: chainFlags.json };

/** `atedb logout`. */
export const logoutCommand: CommandModule = {
  command: 'logout',
  describe: 'Log out: forget the key that logging in has fetched',
  builder: (program) => declareChainFlags(program, flags),
  handler: async (parsed) => {
    const json = isOn(flags.json, parsed);
    const { logOut } = await import('../user.ts');
    await logOut({ json });
  },
};

/** `atedb whoami`. */
export const whoamiCommand: CommandModule = {
  command: 'whoami',
  describe: 'Tell who is logged in, and with which key',
  builder: (program) => declareChainFlags(program, flags),
  handler: async (parsed) => {
    const json = isOn(flags.json, parsed);
    const { whoAmI } = await import('../user.ts');
    await whoAmI({ json });
  },
};
