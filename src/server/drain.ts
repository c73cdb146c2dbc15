import type { Server } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { GrpcListeners } from './grpc-server.ts';
import type { Health } from './health.ts';

import { drainingError, type LiveCalls } from './live-calls.ts';

/** How long calls may take to end before they are cut. */
export const drainLimitMs = 10_000;

/** How long a peer may take nothing, while all others may have ended. */
const untakenLimitMs = 1_000;

/** How long connections without a call of ours, which may still watch our health, may take to close. */
const closeLimitMs = 1_000;

/** What is drained. */
export interface Drained {
  readonly server: Server;
  readonly listeners: GrpcListeners;
  readonly health: Health;
  readonly calls: LiveCalls;
  readonly logger: Logger;
  /** Absent: {@link drainLimitMs}. */
  readonly limitMs?: number;
}

/**
 * Shut a server down in good order. Health says NOT_SERVING, new calls are refused with SERVER_DRAINING,
 * streams without an end are told so, batches in flight are finished and answered. What hasn't ended by the
 * time limit is cut. Resolves when no call and no connection is left, and no handler runs, unless
 * one ignores its signal: that one is left behind, with a line in the log.
 */
export async function drain(drained: Drained): Promise<void> {
  const { server, listeners, health, calls, logger, limitMs = drainLimitMs } = drained;
  health.stopServing();
  calls.drain();
  // New connections are still taken: a clear refusal is better than a closed port.
  const inTime = await ended(calls, limitMs);
  if (!inTime) logger.warn({ calls: calls.count, limitMs }, 'cut calls that did not end in time');
  // Not `tryShutdown`'s callback, which comes before the last status of a call is on its way.
  const closed = listeners.close();
  server.tryShutdown(() => {});
  if (inTime) await within(closeLimitMs, closed);
  server.forceShutdown();
  listeners.cut();
  await closed;
  if (!(await calls.idle(closeLimitMs))) {
    logger.error({ calls: calls.count }, 'handlers still run after their calls were cut');
  }
}

/** Resolves with whether all calls are over in time. Those whose peers take nothing aren't waited for. */
async function ended(calls: LiveCalls, limitMs: number): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const leftMs = Math.max(0, endMs - performance.now());
    if (await calls.idle(Math.min(leftMs, untakenLimitMs))) return true;
    if (leftMs <= untakenLimitMs) return false;
    calls.cutUntaken(untakenLimitMs, drainingError);
  }
}

async function within(limitMs: number, done: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([done, promise]);
  clearTimeout(timer);
}
