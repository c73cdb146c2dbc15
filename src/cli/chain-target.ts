import { parseChainAddress, type TrustMode } from '../event/index.ts';
import { chainFlags, readChainFlag, readPositional, readTrustMode } from './chain-flags.ts';
import type { ParsedArguments } from './flags.ts';
import { readServer, type ServerTarget } from './server-target.ts';

/** Which chain a command is about. */
export interface ChainTarget {
  /** `ate://host:port/<chain key>`. */
  readonly address: string;
  readonly server: ServerTarget;
  /** 32 bytes: the chain must have this id; undefined: any. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
}

/** What the positional `address`, --chain-id and --trust say. @throws UsageError. */
export function readChainTarget(parsed: ParsedArguments): ChainTarget {
  const address = readPositional('address', parsed, parseChainAddress);
  const chainId = readChainFlag(chainFlags.chainId, parsed);
  const server = readServer(address, parsed);
  return { address: address.text, server, chainId, trustMode: readTrustMode(parsed) };
}
