import type { EventKind } from '../event/index.ts';

// Which data of a chain may go, as a vote: each rule looks at one event, and says what it would do with its data. Whole events go under a
// snapshot only: see below.

/**
 * From the strongest to the weakest:
 *
 * - `force-keep`: the data stays, whatever the others say.
 * - `keep`: it stays.
 * - `drop`: it goes.
 * - `abstain`: nothing is said; where nobody says anything the data stays.
 */
export type Vote = 'force-keep' | 'keep' | 'drop' | 'abstain';

/** What the rules know of an event. */
export interface EventFacts {
  readonly kind: EventKind;
  /** Whether its header says something of rights and keys: rules, keys, a move. */
  readonly hasAuthority: boolean;
  /** Whether it has data that is still there. */
  readonly hasData: boolean;
  /** Whether it is the newest event of its object, data or tombstone, in all that is durable. */
  readonly isNewest: boolean;
  /** Whether the chain's rule for retention has let it go. */
  readonly isExpired: boolean;
  /** Whether it is in its writer's last batch. */
  readonly isInLastBatch: boolean;
  /** Of its commit: milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
}

/** What all rules are told. */
export interface VoteContext {
  /** What was committed at this time or later is too young: milliseconds since 1970-01-01 UTC. */
  readonly horizonUnixMs: number;
}

/** Why data stays. */
export type KeepReason =
  /** Its event is no data event, and has none: genesis, tombstone, rules, keys, redaction, snapshot, an answer of an auth server. */
  | 'not-data'
  /** It was dropped or redacted before. */
  | 'gone'
  /** It is the newest event of its object. */
  | 'newest'
  /** It is superseded, and its event says something of rights and keys. */
  | 'authority'
  /** It is superseded, and was committed at the horizon or later. */
  | 'young'
  /** It is superseded, and is in its writer's last batch. */
  | 'last-batch';

/** What becomes of the data of an event, and why. */
export type Decision = 'dropped' | 'expired' | KeepReason;

/** One rule. */
export interface Rule<Facts = EventFacts, Outcome = Decision> {
  /** What is decided where its vote counts. */
  readonly decision: Outcome;
  readonly vote: (facts: Facts, context: VoteContext) => Vote;
}

/** All rules; where several say the same, the first one says why. */
export const rules: readonly Rule[] = [
  {
    decision: 'not-data',
    vote: ({ kind }) => (kind === 'data' ? 'abstain' : 'force-keep'),
  },
  {
    decision: 'gone',
    vote: ({ hasData }) => (hasData ? 'abstain' : 'force-keep'),
  },
  {
    decision: 'newest',
    vote: ({ isNewest, isExpired }) => (isNewest && !isExpired ? 'keep' : 'abstain'),
  },
  {
    decision: 'authority',
    vote: ({ hasAuthority }) => (hasAuthority ? 'keep' : 'abstain'),
  },
  {
    decision: 'young',
    vote: ({ timeUnixMs }, { horizonUnixMs }) => (timeUnixMs >= horizonUnixMs ? 'keep' : 'abstain'),
  },
  {
    decision: 'last-batch',
    vote: ({ isInLastBatch }) => (isInLastBatch ? 'keep' : 'abstain'),
  },
  {
    decision: 'dropped',
    vote: ({ isNewest }) => (isNewest ? 'abstain' : 'drop'),
  },
  {
    decision: 'expired',
    vote: ({ isExpired }) => (isExpired ? 'drop' : 'abstain'),
  },
];

const strengths: readonly Vote[] = ['force-keep', 'keep', 'drop'];

/** Decide what becomes of an event's data: the strongest vote counts. */
export function decide(facts: EventFacts, context: VoteContext): Decision {
  return strongest(rules, facts, context) ?? 'newest';
}

/** What the first of the rules with the strongest vote decides; undefined where nobody says anything. */
function strongest<Facts, Outcome>(
  all: readonly Rule<Facts, Outcome>[],
  facts: Facts,
  context: VoteContext,
): Outcome | undefined {
  let strength = strengths.length;
  let decision: Outcome | undefined;
  for (const rule of all) {
    const vote = rule.vote(facts, context);
    const its = vote === 'abstain' ? strengths.length : strengths.indexOf(vote);
    if (its >= strength) continue;
    strength = its;
    decision = rule.decision;
  }
  return decision;
}

// Which events stay under a snapshot, header and all: the same votes, of whole events. What is asked of an event is as of the commits
// that the snapshot is about; what came later doesn't count.

/** What the rules know of an event that a snapshot is about. */
export interface SurvivalFacts {
  readonly kind: EventKind;
  /** Whether its header says something of rights and keys: rules, keys, a move. */
  readonly hasAuthority: boolean;
  /** Whether it has changed who may do what, or where objects are. */
  readonly hasChanged: boolean;
  /** Whether it is the newest event of its object, data or tombstone. */
  readonly isNewest: boolean;
  /** Whether the chain's rule for retention has let its data go. */
  readonly isExpired: boolean;
  /** Whether an earlier event of its object stays. */
  readonly hasEarlier: boolean;
}

/** Why an event stays. */
export type SurvivalReason =
  /** It is about the chain, and no object: genesis, roots, keys, answers, redactions, snapshots; or about rules alone. */
  | 'chain'
  /** Its header says something of rights and keys. */
  | 'authority'
  /** Without it others would be decided on otherwise: it has put an object where it is, or has removed one from there. */
  | 'changed'
  /** It is the newest event of its object. */
  | 'newest'
  /** It is the newest event of its object, and without it an earlier one would be. */
  | 'earlier';

/** What becomes of an event under a snapshot, and why. */
export type Survival = 'gone' | SurvivalReason;

/** All rules of survival; where several say the same, the first one says why. */
export const survivalRules: readonly Rule<SurvivalFacts, Survival>[] = [
  {
    decision: 'chain',
    vote: ({ kind }) => (kind === 'data' || kind === 'tombstone' ? 'abstain' : 'force-keep'),
  },
  { decision: 'authority', vote: ({ hasAuthority }) => (hasAuthority ? 'keep' : 'abstain') },
  { decision: 'changed', vote: ({ hasChanged }) => (hasChanged ? 'keep' : 'abstain') },
  {
    decision: 'newest',
    vote: ({ kind, isNewest, isExpired }) =>
      isNewest && kind === 'data' && !isExpired ? 'keep' : 'abstain',
  },
  {
    decision: 'earlier',
    vote: ({ isNewest, hasEarlier }) => (isNewest && hasEarlier ? 'keep' : 'abstain'),
  },
  { decision: 'gone', vote: () => 'drop' },
];

const noContext: VoteContext = { horizonUnixMs: 0 };

/** Decide whether an event stays under a snapshot: the strongest vote counts. */
export function decideSurvival(facts: SurvivalFacts): Survival {
  return strongest(survivalRules, facts, noContext) ?? 'newest';
}
