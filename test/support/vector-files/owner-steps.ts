import { people } from './fixed-answer.ts';
import type { FixedGenesis } from './fixed-chain.ts';
import { fixedEvent } from './fixed-chain.ts';
import type { Step } from './histories.ts';
import { answers } from './owned-chain.ts';

// What histories of owned chains are written with.

const { server } = people;

export type History = readonly [what: string, genesis: FixedGenesis, steps: readonly Step[]];

/** The server adds an answer. */
export const added = (
  what: string,
  said: Parameters<typeof answers>[0],
  reason?: string,
): Step => ({
  ...{ what, by: server, events: [answers(said)] },
  ...(reason === undefined ? {} : { reason }),
});
/** A batch of one key. */
export const step = (what: string, by: Step['by'], ...events: Step['events']): Step => ({
  what,
  by,
  events,
});

/** Data of an object of its own. */
export const data = (name = 'x') => fixedEvent(name);

export const denied = 'KEY_NOT_ALLOWED';
