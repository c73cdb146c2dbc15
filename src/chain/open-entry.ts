import type { Chain } from './chain.ts';

/** A chain in use. It stays open until every lease on it is released. */
export interface ChainLease extends Disposable {
  readonly chain: Chain;
}

/** A chain that is open, and who uses it. */
export interface OpenEntry {
  readonly chain: Chain;
  leases: number;
  /** When its last lease was released, by a clock that never goes back. */
  idleSinceMs: number;
  /** Called when its last lease is released. */
  onUnused: (() => void) | undefined;
}

/** Use a chain. */
export function leaseOn(entry: OpenEntry): ChainLease {
  let held = true;
  entry.leases += 1;
  return {
    chain: entry.chain,
    [Symbol.dispose]: () => {
      if (!held) return;
      held = false;
      entry.leases -= 1;
      if (entry.leases > 0) return;
      entry.idleSinceMs = performance.now();
      entry.onUnused?.();
    },
  };
}

/** Resolves when nobody uses the chain. The caller sees to it that nobody begins to. */
export async function whenUnused(entry: OpenEntry): Promise<void> {
  if (entry.leases === 0) return;
  await new Promise<void>((resolve) => {
    entry.onUnused = resolve;
  });
}
