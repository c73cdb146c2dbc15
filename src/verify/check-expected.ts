import type { Genesis, TrustMode } from '../event/index.ts';
import type { Violations } from './violations.ts';

/** Which chain one must be; undefined: any. */
export interface Expected {
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
}

/** Check that a chain is the one that is meant. */
export function checkExpected(
  genesis: Genesis | undefined,
  { chainId, trustMode }: Expected,
  violations: Violations,
): void {
  if (genesis === undefined) return;
  const place = { commit: 0, sequence: 0 };
  if (chainId !== undefined && !genesis.chainId.equals(chainId)) {
    const what = `it is the chain with the id ${genesis.chainId.toString('hex')}, and not the one that was named`;
    violations.add({ what, ...place });
  }
  if (trustMode !== undefined && genesis.trustMode !== trustMode) {
    violations.add({ what: `it is ${genesis.trustMode}, and ${trustMode} was expected`, ...place });
  }
}
