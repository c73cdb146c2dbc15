import { expired, retains } from './expired-replays.ts';
import { fixedBytes } from './fixed.ts';
import { fixedRules } from './fixed-chain.ts';
import { type Forgets, GapChain, goneRuns } from './gap-chains.ts';
import { onlyNewest, plain, sizeOf, someGaps, twoSnapshots } from './gap-histories.ts';
import {
  byAlice,
  centralized,
  dropped,
  erased,
  objects,
  redacts,
  removed,
  written,
} from './gone-chains.ts';
import { alice, anyOf, cut, replayed, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { note, other } = objects;

/** A history, and what of it is gone. */
export interface MadeGaps {
  readonly what: string;
  readonly chain: GapChain;
  readonly left: readonly Buffer[];
}

/** Histories of which whole events and commits are gone, and the snapshot is there that says so. */
export async function goodGapReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const { what, chain, left } of await good()) {
    const slices = cut(left);
    const { verifier, vouchedBy } = await replayed(slices);
    if (verifier.owed.isOwed) throw new Error(`${what} owes something`);
    const { size, root: treeRoot } = verifier.head();
    if (!treeRoot.equals(chain.chain.head.root)) throw new Error(`${what} has another root`);
    cases.push({
      ...{ name: what, slices, chainId: chain.chain.chainId, size, root: treeRoot },
      ...{ nextSequence: verifier.nextSequence, vouchedBy, gone: goneRuns(left) },
    });
  }
  return cases;
}

/** Histories that end before the snapshot comes by which something of them is gone. */
export async function owingGapReplays(): Promise<VectorCase[]> {
  const [one, some, two] = [
    await (await onlyNewest()).forgotten(),
    await (await someGaps()).forgotten(),
    await (await twoSnapshots()).forgotten(),
  ];
  const all = [
    { what: 'the snapshot is not there yet', left: one.slice(0, -2) },
    { what: 'not all of its commits are there yet', left: some.slice(0, 3) },
    { what: 'the first of two snapshots is there', left: two.slice(0, -2) },
    {
      what: 'the snapshot comes among its own commits, as the gap counts them',
      left: await sizeOf(1),
    },
  ];
  const cases: VectorCase[] = [];
  for (const { what, left } of all) {
    const slices = cut(left);
    const { verifier, vouchedBy } = await replayed(slices);
    const owed = verifier.owed.left(100).map(({ sequence }) => sequence);
    if (owed.length !== 1) throw new Error(`${what} owes ${owed.join()}`);
    const { size, root: treeRoot } = verifier.head();
    const { nextSequence } = verifier;
    cases.push({
      ...{ chainId: verifier.genesis.chainId, vouchedBy },
      name: what,
      slices,
      size,
      root: treeRoot,
      nextSequence,
      gone: goneRuns(left),
      owed,
    });
  }
  return cases;
}

async function good(): Promise<MadeGaps[]> {
  const made: MadeGaps[] = [];
  const add = async (what: string, chain: GapChain, forgets?: Forgets) => {
    made.push({ what, chain, left: await chain.forgotten(forgets) });
  };
  await add('one gap behind the genesis', await onlyNewest());
  await add('several gaps, and events of batches that are there', await someGaps());

  const signed = GapChain.of();
  for (const state of ['a', 'b', 'c']) plain(signed, [written(state), written('x', other)]);
  await signed.snapshot();
  await add('a chain whose batches are all signed', signed);

  const wide = GapChain.of(centralized);
  const many = Array.from({ length: 13 }, (_, at) => written(`${at}`, at === 5 ? other : note));
  plain(wide, many);
  plain(wide, [...many].reverse());
  await wide.snapshot();
  await add('events of a large batch, for which several hashes stand', wide);

  await add('a run of events goes on over a batch of which only its seal stays', await someGaps(), {
    isLast: (commit) => commit === 2 || commit === 3,
  });
  await add('each batch stays, and its events go', await someGaps(), { isLast: () => true });

  await add('two snapshots, of which the second was carried out', await twoSnapshots());
  await add('two snapshots, of which the first was carried out', await twoSnapshots(), { by: 0 });
  const waiting = await onlyNewest();
  made.push({
    what: 'a snapshot that is not carried out yet',
    chain: waiting,
    left: waiting.chain.stored,
  });

  const removes = GapChain.of(centralized);
  plain(removes, [written('a')]);
  removes.add([removed()]);
  plain(removes, [written('x', other)]);
  await add('a tombstone is gone with all that was before it', await removes.snapshot());

  const keeps = GapChain.of(centralized)
    .add([written('a', note, ruled({ write: anyOf(root) }))])
    .add([written('b')])
    .add([removed()]);
  plain(keeps, [written('x', other)]);
  await add('a tombstone stays, since an earlier event of its object does', await keeps.snapshot());

  const family = GapChain.of(centralized);
  const child = fixedBytes('a child in a chain with gaps', 16);
  family.add([written('parent', other)]).add([written('child', child, { parent: other })]);
  plain(family, [written('a')]);
  plain(family, [written('b')]);
  family.add([removed(child)]);
  plain(family, [written('c')]);
  await add('what has put a child where it was stays', await family.snapshot());

  const everyone = fixedRules('all', ruled({ write: { kind: 'everyone' } }));
  const writers = GapChain.of(centralized).add([everyone]);
  writers.addBy(alice, [written('a')], byAlice).addBy(alice, [written('b')]);
  writers.addBy(alice, [written('c')]);
  for (const state of ['d', 'e', 'f']) plain(writers, [written(state)]);
  await writers.snapshot();
  writers.addBy(alice, [written('g')]);
  await add('of each writer its last batch stays, and the one that has shown a key', writers);

  const young = GapChain.of(centralized);
  for (const state of ['a', 'b', 'c', 'd']) plain(young, [written(state)]);
  plain(young, [written('e')], dropped);
  plain(young, [written('f')]);
  await young.snapshot({ size: 4 });
  await add('commits behind those of the snapshot stay, of which data was dropped', young);

  const retained = GapChain.of(centralized).add([retains('r', { count: 3 })]);
  for (const state of ['a', 'b', 'c', 'd', 'e']) {
    plain(retained, [written(state, fixedBytes(`object ${state}`, 16))], expired);
  }
  plain(retained, [written('f'), written('x', other)]);
  await add('what a rule for retention has let go is gone whole', await retained.snapshot());

  const secret = GapChain.of(centralized);
  plain(secret, [written('secret')], erased(2));
  secret.add([redacts({ sequences: [1] })]);
  for (const state of ['b', 'c']) plain(secret, [written(state)]);
  await add('what was redacted is gone whole, and its redaction stays', await secret.snapshot());
  return made;
}
