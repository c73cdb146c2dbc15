import { chainFlags, isOn, readChainFlag, readPassphraseFlag } from './chain-flags.ts';
import { readChainTarget } from './chain-target.ts';
import type { ParsedArguments } from './flags.ts';
import { objectFlags, readObjectAt } from './object-flags.ts';
import { readAll, signerFlags } from './rule-flags.ts';
import type { RuleTarget } from './rule-target.ts';

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
  return {
    ...readChainTarget(parsed),
    object: readObjectAt(parsed),
    key: readChainFlag(writeFlags.key, parsed),
    coSign: readAll(writeFlags.coSign, parsed),
    passphraseFile: readPassphraseFlag(parsed),
    json: isOn(writeFlags.json, parsed),
  };
}
