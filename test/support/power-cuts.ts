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

/** What may come after a process has ended, by name: no power cut (undefined), or one of them. */
export function crashEndings(): [string, Survives | undefined][] {
  return [['no power cut', undefined], ...powerCuts()];
}

function alternating(first: boolean): Survives {
  let survives = !first;
  return () => {
    survives = !survives;
    return survives;
  };
}
