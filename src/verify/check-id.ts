import type { Genesis } from '../event/index.ts';
import type { Violations } from './violations.ts';

/** Check that a chain is the one that is meant. @param chainId undefined: any is. */
export function checkId(
  genesis: Genesis | undefined,
  chainId: Buffer | undefined,
  violations: Violations,
): void {
  if (genesis === undefined || chainId === undefined || genesis.chainId.equals(chainId)) return;
  violations.add({
    what: `it is the chain with the id ${genesis.chainId.toString('hex')}, and not the one that was named`,
    commit: 0,
    sequence: 0,
  });
}
