import { chainFlags, readChainFlag, readPassphraseFlag } from './chain-flags.ts';
import type { ParsedArguments } from './flags.ts';

/** The key that opens a chain, if it is private, for commands that need none else. */
export interface OpeningKey {
  /** Its name; undefined: the default one. */
  readonly key: string | undefined;
  /** Of a sealed key; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
}

export const openingKeyFlag = {
  ...chainFlags.key,
  describe: 'Name of the key that opens the chain, if it is private; see: atedb key',
};

/** What the command line says of it. */
export function readOpeningKey(parsed: ParsedArguments): OpeningKey {
  return {
    key: readChainFlag(openingKeyFlag, parsed),
    passphraseFile: readPassphraseFlag(parsed),
  };
}
