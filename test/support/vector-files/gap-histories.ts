import { fixedRules } from './fixed-chain.ts';
import { changeGap, GapChain } from './gap-chains.ts';
import { byAlice, centralized, objects, written } from './gone-chains.ts';
import { alice, root, ruled } from './replayed.ts';

// Chains that several lists of cases about gaps begin with.

const { other, hers } = objects;

/** One object that is written over: all of its states but the last are gone, in one gap. */
export async function onlyNewest(): Promise<GapChain> {
  const chain = GapChain.of(centralized);
  for (const state of ['a', 'b', 'c', 'd']) plain(chain, [written(state)]);
  plain(chain, [written('e'), written('x', other)]);
  await chain.snapshot();
  return plain(chain, [written('f')]);
}

/**
 * Gaps between what stays: of some batches all events, of others a few.
 *
 * @param batches how many there are behind the genesis, without a snapshot; absent: all, and the snapshot.
 */
export async function someGaps(batches?: number): Promise<GapChain> {
  const chain = GapChain.of(centralized);
  const all = [
    [written('a'), written('b', other), written('c')],
    [written('d')],
    [written('e')],
    [written('f', hers), written('g')],
    [written('h')],
    [written('i')],
    [written('j')],
  ];
  for (const events of all.slice(0, batches)) plain(chain, events);
  if (batches !== undefined) return chain;
  await chain.snapshot();
  return plain(chain, [written('k', hers)]);
}

/** Two writers, of whom one has batches before and behind a gap in which one of it is. */
export async function twoWriters(): Promise<GapChain> {
  const everyone = fixedRules('all', ruled({ write: { kind: 'everyone' } }));
  const chain = GapChain.of(centralized).add([everyone]);
  chain.addBy(alice, [written('a', other)], byAlice).addBy(alice, [written('b')]);
  plain(chain, [written('c')]);
  chain.addBy(alice, [written('d', hers)]);
  return chain.snapshot();
}

/** Two snapshots, one about more than the other. */
export async function twoSnapshots(): Promise<GapChain> {
  const chain = GapChain.of(centralized);
  for (const state of ['a', 'b', 'c']) plain(chain, [written(state), written(state, other)]);
  await chain.snapshot();
  for (const state of ['d', 'e', 'f']) plain(chain, [written(state)]);
  await chain.snapshot();
  return plain(chain, [written('g', hers)]);
}

/** Store a batch that says nothing of rights: nobody signs it, where the server may vouch for it. */
export function plain(
  chain: GapChain,
  events: Parameters<GapChain['add']>[0],
  ...gone: Parameters<GapChain['add']>[1][]
): GapChain {
  return chain.addBy(root, events, chain.isCentralized ? { signers: [] } : {}, ...gone);
}

/** With gaps that count so many commits more than the snapshot does. */
export async function sizeOf(change: number): Promise<readonly Buffer[]> {
  const chain = await onlyNewest();
  plain(chain, [written('g')]);
  const left = await chain.forgotten();
  return changeGap(left, 0, (gap) => ({ ...gap, size: gap.size + change }));
}
