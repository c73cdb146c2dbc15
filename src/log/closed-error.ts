import { AtedbError } from '../bytes/index.ts';

/** The error for whoever uses a log that is being closed. */
export function closedError(): AtedbError {
  return new AtedbError('SERVER_DRAINING', 'the chain is being closed. Open it again later');
}
