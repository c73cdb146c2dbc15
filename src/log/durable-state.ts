import type { TreeHead } from '../event/index.ts';
import type { Position } from './position.ts';

/** How far a chain is durable. Nobody is shown anything beyond. */
export interface DurableState {
  readonly head: TreeHead;
  readonly nextSequence: number;
  /** Of the last commit, in milliseconds since 1970-01-01 UTC; 0 before the first. */
  readonly timeUnixMs: number;
  readonly position: Position;
}
