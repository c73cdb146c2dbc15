import { primaryKeyFromName } from '../../../src/event/index.ts';
import type { FixedKey } from './fixed.ts';
import { type FixedGenesis, fixedEvent } from './fixed-chain.ts';
import { type DelegationSaid, holders, pathOf } from './fixed-delegation.ts';
import type { Step } from './histories.ts';
import { data } from './owner-steps.ts';

// What histories of delegated keys are written with.

export const note = primaryKeyFromName('note');
export const ofNote = () => fixedEvent('note', { primaryKey: note });
/** Of a distributed chain with one root. */
export const plain: FixedGenesis = { roots: [holders.root] };

/** A holder's batch that shows a path to it. */
export const shows = (
  what: string,
  path: readonly FixedKey[],
  more: Partial<Step> & { said?: DelegationSaid } = {},
): Step => {
  const { said = {}, ...others } = more;
  const by = path.at(-1) as FixedKey;
  return { what, by, events: [data()], shown: [by], delegations: pathOf(path, said), ...others };
};

/** The same, and it is not taken. */
export const refused = (one: Step, reason: string): Step => ({ ...one, reason });
