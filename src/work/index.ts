export { checkThreadsDefault, HashCheckers, handedOverBytesMin } from './hash-checkers.ts';
