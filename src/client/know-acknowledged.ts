import { AtedbError } from '../bytes/index.ts';
import { alarmReasons } from './alarm-reasons.ts';
import type { ChainOpener } from './chain-opener.ts';

/** How long closing may take to have the last head proven. */
const closingTimeoutMs = 2_000;

/**
 * Have it proven that what was acknowledged is in the chain, and remember that: whoever opens it next is told if it is gone. A
 * server that can't be asked is asked then.
 *
 * @throws AtedbError where the server doesn't stand by what it has acknowledged.
 */
export async function knowAcknowledged(
  opener: ChainOpener,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await opener.open({ signal, timeoutMs: closingTimeoutMs });
  } catch (error) {
    if (!(error instanceof AtedbError)) return;
    // Damage has taken what was acknowledged, if it isn't there to be known.
    if (alarmReasons.has(error.reason) || error.reason === 'CHAIN_DAMAGED') throw error;
  }
}
