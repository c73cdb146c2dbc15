import { decideBatch, Tally } from '../../../src/compact/index.ts';
import { type Decision, decide } from '../../../src/compact/votes.ts';
import {
  type Batch,
  type CommitView,
  dataStates,
  eventMarks,
  parseBatch,
  splitSlice,
} from '../../../src/event/index.ts';
import type { FixedChain } from './fixed-chain.ts';
import {
  byAlice,
  centralized,
  dropped,
  erased,
  GoneChain,
  objects,
  redacts,
  removed,
  written,
} from './gone-chains.ts';
import { alice, anyOf, cut, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

/** What a compaction drops of histories, and why it keeps the rest. */
export function dropDecisions(): VectorCase[] {
  return chains().map(([what, { chain }, youngCommits = 0]) => {
    const horizonUnixMs = chain.timeUnixMs - youngCommits + 1;
    const decisions = decided(chain, horizonUnixMs);
    return { what, slices: cut(chain.stored), horizonUnixMs, decisions };
  });
}

/** A batch that is stored, and where. */
interface Stored {
  readonly batch: Batch;
  readonly commit: CommitView;
}

/** Decide on each event by itself, from all that there is, and hold it against what decides on whole batches. */
function decided({ stored }: FixedChain, horizonUnixMs: number): Decision[] {
  const batches = stored.flatMap((slice) =>
    splitSlice(slice).map(({ run, commit }) => ({ batch: parseBatch(run), commit })),
  );
  const newest = newestOf(batches);
  const lastOf = new Map(
    batches.map(({ batch, commit }) => [batch.seal.writerIdHex, commit.commit]),
  );
  return batches.flatMap(({ batch, commit }) => {
    const isInLastBatch = lastOf.get(batch.seal.writerIdHex) === commit.commit;
    const isNewest = (index: number) => newest.has(commit.firstSequence + index);
    const { timeUnixMs } = commit;
    const of = {
      ...{ timeUnixMs, horizonUnixMs, isWritersLast: isInLastBatch, isNewest },
      expiredCount: 0,
    };
    const states = decideBatch(batch, of, new Tally());
    return batch.events.map(({ dataState, header }, index): Decision => {
      const decision = decide(
        {
          ...{ kind: header.kind, hasData: dataState === 0, isNewest: isNewest(index) },
          hasAuthority: (batch.marksOf(index) & eventMarks.authority) !== 0,
          ...{ isInLastBatch, isExpired: false, timeUnixMs },
        },
        { horizonUnixMs },
      );
      const isDropped = states?.[index] === dataStates.dropped;
      if (isDropped !== (decision === 'dropped')) throw new Error('they decide otherwise');
      return decision;
    });
  });
}

/** Sequences of the newest event of each object: data or a tombstone. */
function newestOf(batches: readonly Stored[]): Set<number> {
  const newest = new Map<string, number>();
  for (const { batch, commit } of batches) {
    for (const [index, { header }] of batch.events.entries()) {
      if (header.kind !== 'data' && header.kind !== 'tombstone') continue;
      newest.set(header.primaryKey?.toString('hex') ?? '', commit.firstSequence + index);
    }
  }
  return new Set(newest.values());
}

/** @returns with how many commits are at the horizon or behind it. */
function chains(): (readonly [what: string, chain: GoneChain, youngCommits?: number])[] {
  const { note, other, hers } = objects;
  const withRules = written('with rules', note, ruled({ write: anyOf(root) }));
  const withKeys = written('with keys', note, { authority: { publicKeys: [alice.publicKey] } });
  return [
    [
      'states of objects, and one that was removed',
      new GoneChain()
        .add([written('a'), written('b', other), written('c', hers)])
        .add([written('d'), written('e', other)])
        .add([removed(), written('f', other)])
        .add([written('g', hers)]),
    ],
    [
      'what says something of rights stays',
      new GoneChain()
        .add([withRules])
        .add([withKeys])
        .add([written('a')])
        .add([written('b')])
        .add([written('c')]),
    ],
    [
      "each writer's last batch stays, other writers' included",
      new GoneChain(centralized)
        .add([written('a', note, ruled({ write: { kind: 'everyone' } }))])
        .addBy(alice, [written('b')], byAlice)
        .addBy(alice, [written('c')], {})
        .add([written('d')])
        .add([written('e')]),
    ],
    [
      'what is at the horizon or behind it stays',
      new GoneChain()
        .add([written('a')])
        .add([written('b')])
        .add([written('c')])
        .add([written('d')]),
      3,
    ],
    [
      'what is gone already, and redactions',
      new GoneChain()
        .add([written('a')], dropped)
        .add([written('b')], erased(3))
        .add([redacts({ sequences: [2] })])
        .add([written('c')])
        .add([written('d')])
        .add([written('e', other)]),
    ],
    [
      'the newest state of an object that a batch writes twice',
      new GoneChain().add([written('a'), written('b')]).add([written('c', other)]),
    ],
  ];
}
