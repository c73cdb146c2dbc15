import type { IncomingHttpHeaders, ServerHttp2Session } from 'node:http2';
import { timerMsMax } from '../bytes/index.ts';

const timeoutHeader = 'grpc-timeout';

/** Milliseconds of each unit that gRPC writes timeouts in. */
const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The most seconds that a timer can count: nearly 25 days. */
const longestSeconds = Math.floor(timerMsMax / 1_000);

/**
 * Shorten deadlines that no timer can count to the longest that one can. grpc-js takes a longer one for one that has
 * passed, and would end the call at once. A test notices when an update looks at another header.
 */
export function shortenDeadlines(session: ServerHttp2Session): void {
  // Before the transport has its look at them.
  session.prependListener('stream', (_stream, headers: IncomingHttpHeaders) => {
    const timeout = headers[timeoutHeader];
    if (typeof timeout !== 'string') return;
    const ms = Number(timeout.slice(0, -1)) * (unitMs[timeout.slice(-1)] ?? 0);
    if (ms > longestSeconds * 1_000) headers[timeoutHeader] = `${longestSeconds}S`;
  });
}
