import { InterruptedError } from './errors.ts';

/** The signals that ask a process to end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/**
 * npm passes a Ctrl-C on to a process that has had it from the terminal already, so within this time the same
 * request comes twice.
 */
const sameRequestMs = 500;

/**
 * Call `onStop` at the first request to end. At a second one the process exits at once.
 * @returns What stops listening.
 */
export function listenForStop(onStop: (signal: StopSignal) => void): () => void {
  let requestedAt: number | undefined;
  const listener = (signal: StopSignal) => {
    if (requestedAt === undefined) {
      requestedAt = performance.now();
      onStop(signal);
    } else if (performance.now() - requestedAt > sameRequestMs) {
      process.exit(new InterruptedError(signal).exitCode);
    }
  };
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener).off('SIGTERM', listener);
  };
}
