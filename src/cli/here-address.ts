import { AtedbError } from '../bytes/index.ts';
import { type ChainAddress, parseChainAddress } from '../event/index.ts';
import { UsageError } from './errors.ts';

/**
 * Parse the address of a chain of this machine's server, for commands that work with its files.
 *
 * @param of.what what the command does, in words.
 * @param of.logsPath as it was given; undefined: where servers keep their logs.
 * @throws UsageError for what is no address, or may be another machine's.
 */
export function parseHereAddress(
  text: string,
  of: { readonly what: string; readonly logsPath: string | undefined },
): ChainAddress {
  const address = parse(text);
  const isHere = ['localhost', '127.0.0.1', '::1'].includes(address.host);
  if (isHere || of.logsPath !== undefined) return address;
  throw new UsageError(
    `${of.what}, and ${address.host} may be another machine: run it there, or name the logs with --logs-path`,
  );
}

function parse(text: string): ChainAddress {
  try {
    return parseChainAddress(text);
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(error.message);
    throw error;
  }
}
