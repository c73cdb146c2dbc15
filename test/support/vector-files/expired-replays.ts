import { splitSlice } from '../../../src/event/index.ts';
import {
  isBelow,
  OwedData,
  ReplayVerifier,
  type RetentionFloor,
  verifyGenesis,
} from '../../../src/trust/index.ts';
import type { GoneData } from '../gone.ts';
import { fixedRules } from './fixed-chain.ts';
import { byAlice, centralized, dropped, GoneChain, objects, written } from './gone-chains.ts';
import { goneIn } from './gone-replays.ts';
import { alice, anyOf, cut, goodCase, replayed, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

// Chains whose rule for retention has let data go, or hasn't.

export const expired: GoneData = { state: 'expired' };

/** An event that says for how long data is kept; neither: for ever. */
export const retains = (name: string, retain: { ageMs?: number; count?: number }) =>
  fixedRules(name, ruled({ retain }));

/** A chain in which time passes. */
export class AgingChain extends GoneChain {
  /** The next commit comes so many milliseconds after the one before. At least 1. */
  after(milliseconds: number): this {
    this.chain.timeUnixMs += milliseconds - 1;
    return this;
  }
}

type Made = readonly [what: string, chain: GoneChain];

/** Histories whose data may be gone as it is. */
export function goodExpiredReplays(): Promise<VectorCase[]> {
  return casesOf(good(), false);
}

/** Histories of which something must still come. */
export function owingExpiredReplays(): Promise<VectorCase[]> {
  return casesOf(owing(), true);
}

async function casesOf(all: readonly Made[], isOwing: boolean): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [what, { chain }] of all) {
    const { verifier } = await replayed(cut(chain.stored));
    const owed = verifier.owed.left(100).map(({ sequence }) => sequence);
    if (owed.length > 0 !== isOwing) throw new Error(`${what} owes ${owed.join()}`);
    const known = { ...(await goodCase(what, chain)), gone: goneIn(chain) };
    cases.push({ ...known, retained: verifier.retained, owed: isOwing ? owed : undefined });
  }
  return cases;
}

function good(): Made[] {
  const { note, other, hers } = objects;
  return [
    [
      'beyond the newest events',
      new AgingChain()
        .add([retains('r', { count: 2 })])
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([written('c', hers)]),
    ],
    [
      'older than the newest commit by the very age',
      new AgingChain()
        .add([retains('r', { ageMs: 1_000 })])
        .add([written('a')], expired)
        .after(1_000)
        .add([written('b', other)]),
    ],
    [
      'the newest of its object, which compaction would keep',
      new AgingChain()
        .add([retains('r', { count: 1 })])
        .add([written('a')], expired)
        .add([written('b', other)]),
    ],
    [
      'some of what may go, and something between that stayed',
      new AgingChain()
        .add([retains('r', { count: 1 })])
        .add([written('a'), written('b', other), written('c', hers)], expired, undefined, expired)
        .add([written('d')]),
    ],
    [
      'a rule that came after the data',
      new AgingChain()
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([retains('r', { count: 2 })]),
    ],
    [
      'a rule counts with its own commit: of its own batch, too',
      new AgingChain().add(
        [written('a'), written('b', other), retains('r', { count: 1 })],
        expired,
        expired,
      ),
    ],
    [
      'by either of both',
      new AgingChain()
        .add([retains('r', { ageMs: 1_000, count: 2 })])
        .add([written('a')], expired)
        .add([written('b', other)])
        .after(5)
        .add([written('c', hers)]),
    ],
    [
      'another rule later takes back nothing',
      new AgingChain()
        .add([retains('r', { count: 1 })])
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([retains('longer', { count: 100 })])
        .add([written('c', hers)]),
    ],
    [
      'a rule that was taken back has let go what it had',
      new AgingChain()
        .add([retains('r', { ageMs: 10 })])
        .add([written('a')], expired)
        .after(10)
        .add([written('b', other)])
        .add([retains('none', {})])
        .add([written('c', hers)]),
    ],
    [
      'a rule in an event that sets other rules, too',
      new AgingChain()
        .add([fixedRules('both', ruled({ write: anyOf(root), retain: { count: 1 } }))])
        .add([written('a')], expired)
        .add([written('b', other)]),
    ],
    [
      'other rules behind it leave it as it is',
      new AgingChain()
        .add([retains('r', { count: 2 })])
        .add([fixedRules('write', ruled({ write: anyOf(root) }))])
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([written('c', hers)]),
    ],
    [
      'expired and dropped beside each other',
      new AgingChain()
        .add([retains('r', { count: 2 })])
        .add([written('a'), written('b', other)], dropped, expired)
        .add([written('c'), written('d', hers)]),
    ],
    [
      'dropped, since what is newer has expired',
      new AgingChain()
        .add([retains('r', { count: 1 })])
        .add([written('old')], dropped)
        .add([written('new')], expired)
        .add([written('b', other)]),
    ],
    [
      'in a chain that the server vouches for, by a rule that a root has signed',
      new AgingChain(centralized)
        .add([retains('r', { count: 1 })])
        .addBy(root, [written('a')], { signers: [] }, expired)
        .addBy(root, [written('b', other)], { signers: [] }),
    ],
    [
      'somebody else writes what comes',
      new AgingChain()
        .add([fixedRules('all', ruled({ write: { kind: 'everyone' }, retain: { count: 1 } }))])
        .addBy(alice, [written('a')], byAlice, expired)
        .addBy(alice, [written('b', other)], {}),
    ],
    [
      'nothing has gone that might have',
      new AgingChain()
        .add([retains('r', { count: 1 })])
        .add([written('a'), written('b', note)])
        .add([written('c', other)]),
    ],
  ];
}

function owing(): Made[] {
  const { other, hers } = objects;
  return [
    ['there is no rule', new AgingChain().add([written('a')], expired).add([written('b', other)])],
    [
      'too young by one millisecond',
      new AgingChain()
        .add([retains('r', { ageMs: 1_000 })])
        .add([written('a')], expired)
        .after(999)
        .add([written('b', other)]),
    ],
    [
      'among the newest events',
      new AgingChain()
        .add([retains('r', { count: 2 })])
        .add([written('a')], expired)
        .add([written('b', other)]),
    ],
    [
      'the newest event of all',
      new AgingChain().add([retains('r', { count: 1 })]).add([written('a')], expired),
    ],
    [
      'neither old enough nor beyond the count',
      new AgingChain()
        .add([retains('r', { ageMs: 1_000, count: 3 })])
        .add([written('a')], expired)
        .after(998)
        .add([written('b', other)])
        .add([written('c', hers)]),
    ],
    [
      'one that may be gone, and one behind it that may not',
      new AgingChain()
        .add([retains('r', { count: 2 })])
        .add([written('a')], expired)
        .add([written('b', other)], expired)
        .add([written('c', hers)]),
    ],
    [
      'the rule was taken back before it let go that',
      new AgingChain()
        .add([retains('r', { count: 3 })])
        .add([written('a')], expired)
        .add([retains('none', {})])
        .add([written('b', other), written('c', hers)])
        .add([written('d', other)]),
    ],
    [
      'a longer rule came before it let go that',
      new AgingChain()
        .add([retains('r', { ageMs: 10 })])
        .add([written('a')], expired)
        .add([retains('longer', { ageMs: 1_000 })])
        .after(500)
        .add([written('b', other)]),
    ],
    [
      'rules of an object say nothing of how long data is kept',
      new AgingChain()
        .add([written('a', other, ruled({ write: anyOf(root) }))])
        .add([written('b')], expired)
        .add([written('c', hers)]),
    ],
    [
      'expired, as its object has something newer: that is another state',
      new AgingChain().add([written('a')], expired).add([written('b')]),
    ],
  ];
}

/** Readers that begin after the rule, and so don't know it. */
export async function expiredFromMiddle(): Promise<VectorCase[]> {
  const { other, hers } = objects;
  const chain = () => new AgingChain().add([retains('r', { count: 2 })]).add([written('x', hers)]);
  const all: Made[] = [
    [
      'the rule is before what was read, and lets it go',
      chain()
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([written('c', hers)]),
    ],
    [
      'the rule is before what was read, and does not let it go',
      chain()
        .add([written('a')])
        .add([written('b', other)], expired)
        .add([written('c', hers)]),
    ],
    [
      'there is no rule',
      new AgingChain()
        .add([written('w')])
        .add([written('x', hers)])
        .add([written('a')], expired)
        .add([written('b', other)])
        .add([written('c', hers)]),
    ],
  ];
  const cases: VectorCase[] = [];
  for (const [what, { chain }] of all) cases.push(await middleOf(what, cut(chain.stored)));
  return cases;
}

async function middleOf(what: string, slices: readonly Buffer[]): Promise<VectorCase> {
  const slice = 2;
  const before = await replayed(slices.slice(0, slice));
  const { nextCommit: commit, nextSequence: sequence } = before.verifier;
  const frontier = before.verifier.frontier();
  const [first] = splitSlice(slices[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  const owed = new OwedData();
  const verifier = new ReplayVerifier(genesis, { commit, sequence, frontier }, { owed });
  for (const one of slices.slice(slice)) await verifier.verify(one);
  const whole = await replayed(slices);
  const retained: RetentionFloor = whole.verifier.retained;
  const { expired: last } = owed;
  if (last === undefined) throw new Error(`${what} owes nothing`);
  return {
    ...{ what, slices, slice, commit, sequence, frontier, owed: [last.sequence], retained },
    allowed: isBelow(retained, last),
  };
}
