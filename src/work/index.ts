export { ChecksAhead, threadsFromBytes } from './checks-ahead.ts';
export { checkThreadsDefault, HashCheckers, handedOverBytesMin } from './hash-checkers.ts';
export { replayCheckers, replayThreadsDefault, SharedCheckers } from './shared-checkers.ts';
