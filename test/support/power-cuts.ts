import type { Survives } from '../../src/log/memory-storage.ts';

/** What is left after a power cut of what wasn't synced, by name: nothing, all, or every other change. */
export function powerCuts(): [string, Survives][] {
  return [
    ['nothing survives', () => false],
    ['all survives', () => true],
    ['every other change survives', alternating(true)],
    ['the others survive', alternating(false)],
  ];
}

function alternating(first: boolean): Survives {
  let survives = !first;
  return () => {
    survives = !survives;
    return survives;
  };
}
