import type { EventKind } from '../event/index.ts';

// Which data of a chain may go, as a vote: each rule looks at one event, and says what it would do with its data. Headers, seals
// and commits always stay.

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
export interface Rule {
  /** What is decided where its vote counts. */
  readonly decision: Decision;
  readonly vote: (facts: EventFacts, context: VoteContext) => Vote;
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
  let strongest = strengths.length;
  let decision: Decision = 'newest';
  for (const rule of rules) {
    const vote = rule.vote(facts, context);
    const strength = vote === 'abstain' ? strengths.length : strengths.indexOf(vote);
    if (strength >= strongest) continue;
    strongest = strength;
    decision = rule.decision;
  }
  return decision;
}
