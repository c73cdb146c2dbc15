import { parseChainAddress } from '../event/index.ts';
import {
  chainFlags,
  isOn,
  readChainFlag,
  readPassphraseFlag,
  readPositional,
  readTrustMode,
} from './chain-flags.ts';
import type { ParsedArguments } from './flags.ts';
import { objectFlags, readObjectAt } from './object-flags.ts';
import { readAll, signerFlags } from './rule-flags.ts';
import type { RuleTarget } from './rule-target.ts';
import { readServer } from './server-target.ts';

/** Flags of the commands that show or set rules of a chain or an object. */
export const writeFlags = {
  ...objectFlags,
  key: chainFlags.key,
  coSign: signerFlags.coSign,
  chainId: chainFlags.chainId,
  json: chainFlags.json,
};

/** What they say. @throws UsageError */
export function readWriteFlags(parsed: ParsedArguments): RuleTarget {
  const address = readPositional('address', parsed, parseChainAddress);
  return {
    address: address.text,
    server: readServer(address, parsed),
    object: readObjectAt(parsed),
    key: readChainFlag(writeFlags.key, parsed),
    coSign: readAll(writeFlags.coSign, parsed),
    chainId: readChainFlag(writeFlags.chainId, parsed),
    trustMode: readTrustMode(parsed),
    passphraseFile: readPassphraseFlag(parsed),
    json: isOn(writeFlags.json, parsed),
  };
}
