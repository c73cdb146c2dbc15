import { parseChainAddress, type TrustMode } from '../event/index.ts';
import { chainFlags, readChainFlag, readPositional, readTrustMode } from './chain-flags.ts';
import type { ParsedArguments } from './flags.ts';

/** Which chain a command is about. */
export interface ChainTarget {
  /** `ate://host:port/<chain key>`, and `host:port`. */
  readonly address: string;
  readonly server: string;
  /** 32 bytes: the chain must have this id; undefined: any. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
}

/** What the positional `address`, --chain-id and --trust say. @throws UsageError. */
export function readChainTarget(parsed: ParsedArguments): ChainTarget {
  const { text: address, server } = readPositional('address', parsed, parseChainAddress);
  const chainId = readChainFlag(chainFlags.chainId, parsed);
  return { address, server, chainId, trustMode: readTrustMode(parsed) };
}
