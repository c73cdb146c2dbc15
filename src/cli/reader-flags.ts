import {
  chainFlags,
  isOn,
  readChainFlag,
  readPassphraseFlag,
  switchFlag,
  valueFlag,
} from './chain-flags.ts';
import { parseInteger } from './flag-values.ts';
import type { ParsedArguments } from './flags.ts';

/** As whom a command reads, and what it believes. */
export interface ReaderSettings {
  /** Name of the key whose owner reads; undefined: the default one. */
  readonly key: string | undefined;
  /** Of a sealed key; undefined: the terminal is asked. */
  readonly passphraseFile: string | undefined;
  /** False: the server is believed that rules allow what it sends; undefined: as is fit for the chain. */
  readonly checkRules: false | undefined;
}

/** The flags that say so. */
export const readerFlags = {
  key: { ...chainFlags.key, describe: 'Name of the key that opens what is sealed; see: atedb key' },
  unverifiedRules: switchFlag(
    'unverified-rules',
    'Believe the server that rules allow what it sends, so that what came before need not be read',
  ),
};

/** The flag of commands that print many events. */
export const dataUpToFlag = valueFlag(
  'data-up-to',
  'Leave data of more bytes than this out, and do not transfer it',
  parseInteger('a number of bytes', 0, Number.MAX_SAFE_INTEGER),
);

/** What they say. */
export function readReaderFlags(parsed: ParsedArguments): ReaderSettings {
  return {
    key: readChainFlag(readerFlags.key, parsed),
    passphraseFile: readPassphraseFlag(parsed),
    checkRules: isOn(readerFlags.unverifiedRules, parsed) ? false : undefined,
  };
}
