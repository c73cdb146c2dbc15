import { AtedbError } from '../../../src/bytes/index.ts';
import { SubtreeHashes } from '../../../src/crypto/index.ts';
import { commitLeaf, type Gap } from '../../../src/event/index.ts';
import { OwedData, ReplayVerifier, verifyGenesis } from '../../../src/trust/index.ts';
import {
  changeGap,
  type GapChain,
  goneBefore,
  goneIndexes,
  storedBatch,
  theBatch,
} from './gap-chains.ts';
import { onlyNewest, someGaps, twoSnapshots, twoWriters } from './gap-histories.ts';
import { cut } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

// Readers that don't begin with the genesis, and such that have read what goes.

const another = Buffer.alloc(32, 3);

/** Readers that were sent what there was, and then what is left: whoever has read nothing that goes goes on. */
export async function compactedReaders(): Promise<VectorCase[]> {
  const [some, two] = [await someGaps(), await twoSnapshots()];
  const cases: VectorCase[] = [];
  for (let commit = 1; commit <= 10; commit += 1) {
    cases.push(await goesOn(`at commit ${commit}`, some.chain.stored, some, commit));
  }
  const first = await two.forgotten({ by: 0 });
  for (const commit of [1, 4, 5, 7, 8, 9]) {
    const what = `at commit ${commit}, from one snapshot to the next`;
    cases.push(await goesOn(what, first, two, commit));
  }
  const left = await some.forgotten();
  const contradicts = async (what: string, nth: number, to: (gap: Gap) => Gap) => {
    const slices = cut(changeGap(left, nth, to));
    cases.push({ what, slices, ...(await outcome(slices, {})) });
  };
  await contradicts('gaps of two snapshots', 1, (gap) => ({ ...gap, snapshot: gap.snapshot + 1 }));
  await contradicts('gaps of two sizes', 2, (gap) => ({ ...gap, size: gap.size + 1 }));
  await contradicts('a run is said to have gone before the first gap', 0, (gap) => ({
    ...gap,
    before: { last: { before: Buffer.alloc(32), first: 0, end: 1 }, from: undefined },
  }));
  return cases;
}

async function goesOn(
  what: string,
  read: readonly Buffer[],
  chain: GapChain,
  commit: number,
): Promise<VectorCase> {
  const before = read.filter((one) => theBatch(one).commit.commit < commit);
  const place = theBatch(before.at(-1) as Buffer).commit.commit + 1;
  const slices = [...cut(before), ...(await tailOf(chain, place))];
  return { what, slices, ...(await outcome(slices, {})) };
}

/** Readers that have verified a chain up to some commit, and begin anew there, by the rules that they have. */
export async function resumingReaders(): Promise<VectorCase[]> {
  const [some, mixed] = [await someGaps(), await twoWriters()];
  const cases: VectorCase[] = [];
  const add = async (what: string, chain: GapChain, read: readonly Buffer[], commit: number) => {
    const before = read.filter((one) => theBatch(one).commit.commit < commit);
    const place = theBatch(before.at(-1) as Buffer).commit.commit + 1;
    const [first, rest] = [cut(before), await tailOf(chain, place)];
    const found = await resumed(first, rest);
    cases.push({ what, slices: [...first, ...rest], slice: first.length, ...found });
  };
  for (const commit of [1, 4, 6, 8]) {
    await add(
      `read before it was compacted, up to commit ${commit}`,
      some,
      some.chain.stored,
      commit,
    );
  }
  const left = await some.forgotten();
  for (const commit of [2, 5, 8]) await add(`read up to commit ${commit}`, some, left, commit);
  await add(
    'a batch of a writer was missing before, and none is any more',
    mixed,
    await mixed.forgotten(),
    5,
  );
  await add('all commits of the snapshot were read before', mixed, await mixed.forgotten(), 6);
  return cases;
}

async function resumed(before: readonly Buffer[], rest: readonly Buffer[]) {
  const one = await verifierOf(before[0] as Buffer, undefined, new OwedData());
  for (const slice of before) await one.verify(slice);
  const authority = one.authority();
  if (authority === undefined) throw new Error('who begins with the genesis knows the rules');
  const { retained, nextCommit: commit, nextSequence: sequence } = one;
  const { missingBelow } = one.owed.forgotten;
  const writers = new Map(one.writers);
  const rules = { head: one.head(), authority, retained, writers, missingBelow };
  const start = { commit, sequence, frontier: one.frontier(), rules };
  return outcome([before[0] as Buffer, ...rest], { start });
}

/** What a server sends from a commit on of what is left: where that is within a gap, a part of it. */
export async function tailOf(
  chain: GapChain,
  commit: number,
  forgets?: Parameters<GapChain['forgotten']>[0],
): Promise<Buffer[]> {
  const left = await chain.forgotten(forgets);
  const place = left.findIndex((one) => theBatch(one).commit.commit >= commit);
  if (place < 0) return [];
  const [first, ...others] = left.slice(place);
  const { gap, run, commit: header } = theBatch(first as Buffer);
  const commits = header.commit - commit;
  if (gap === undefined || gap.commits === commits) return [first as Buffer, ...others];
  const part = commits === 0 && !hasGoneEvents(run) ? undefined : partOf(chain, left, gap, commit);
  return [storedBatch({ gap: part, run, commit: header }), ...others];
}

function hasGoneEvents(run: Buffer): boolean {
  return goneIndexes(run).length > 0;
}

function partOf(chain: GapChain, left: readonly Buffer[], gap: Gap, commit: number): Gap {
  const whole = chain.chain.stored.map(theBatch);
  const end = left
    .map(theBatch)
    .find((one) => one.gap !== undefined && one.commit.commit >= commit);
  const last = end?.commit.commit ?? commit;
  const hashes = new SubtreeHashes(commit);
  let events = 0;
  for (const { commit: header } of whole.slice(commit, last)) {
    hashes.append(commitLeaf(header.headerBytes));
    events += header.events;
  }
  const sequence = whole[commit]?.commit.firstSequence ?? 0;
  const before = goneBefore(left, sequence);
  return { ...gap, commits: last - commit, events, hashes: hashes.hashes, before };
}

/** Readers that begin in the middle of what is left. */
export async function gapMiddles(): Promise<VectorCase[]> {
  const [one, some, two] = [await onlyNewest(), await someGaps(), await twoSnapshots()];
  const cases: VectorCase[] = [];
  const add = async (what: string, chain: GapChain, commit: number, change?: Change) => {
    cases.push(await middle(what, chain, commit, change));
  };
  await add('below a gap', one, 1);
  await add('within a gap', one, 3);
  await add('right behind a gap', one, 5);
  await add('at the snapshot', one, 6);
  await add('above the snapshot', one, 7);
  await add('at a batch of which events are gone', some, 4);
  await add('within a gap, with runs before', some, 6);
  await add('within a gap, at its first commit, with a run that goes on', some, 5);
  await add('behind all gaps, among the commits of the snapshot', some, 7);
  await add('below both snapshots', two, 2);
  await add('between two snapshots', two, 5);
  const lies = (to: (gap: Gap) => Gap) => (tail: readonly Buffer[]) => changeGap(tail, 0, to);
  const run = { before: Buffer.alloc(32), first: 1, end: 2 };
  await add(
    'the hash of what went before is made up',
    some,
    6,
    lies((gap) => ({ ...gap, before: { last: { ...run, before: another }, from: 3 } })),
  );
  await add(
    'nothing is said to have gone before',
    some,
    6,
    lies((gap) => ({ ...gap, before: { last: undefined, from: undefined } })),
  );
  await add(
    'the last run before is said to have ended behind the start',
    some,
    6,
    lies((gap) => ({ ...gap, before: { last: { ...run, end: 10 }, from: undefined } })),
  );
  await add('the snapshot never comes', some, 6, (tail) => tail.slice(0, -2));
  return cases;
}

type Change = (tail: readonly Buffer[]) => readonly Buffer[];

async function middle(
  what: string,
  chain: GapChain,
  commit: number,
  change: Change = (tail) => tail,
): Promise<VectorCase> {
  const genesis = chain.chain.stored[0] as Buffer;
  const slices = [genesis, ...change(await tailOf(chain, commit))];
  const before = await replayedWhole(chain.chain.stored.slice(0, commit));
  const { nextSequence: sequence } = before;
  const frontier = before.frontier();
  const start = { commit, sequence, frontier };
  return { what, slices, slice: 1, ...start, ...(await outcome(slices, { start })) };
}

async function replayedWhole(slices: readonly Buffer[]): Promise<ReplayVerifier> {
  const verifier = await verifierOf(slices[0] as Buffer, undefined, new OwedData());
  for (const one of slices) await verifier.verify(one);
  return verifier;
}

type Start = ConstructorParameters<typeof ReplayVerifier>[1];

async function verifierOf(first: Buffer, start: Start, owed: OwedData | undefined) {
  const { genesis } = await verifyGenesis(theBatch(first).run);
  const options = { allSignatures: true, ...(owed === undefined ? {} : { owed }) };
  return new ReplayVerifier(genesis, start, options);
}

/** What comes of a reading: nothing where it verifies and nothing is owed. */
async function outcome(slices: readonly Buffer[], { start }: { start?: Start }) {
  const verifier = await verifierOf(slices[0] as Buffer, start, undefined);
  try {
    for (const one of slices.slice(start === undefined ? 0 : 1)) await verifier.verify(one);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { commit, sequence, snapshot, from } = error.metadata;
    const of = (value: string | undefined) => (value === undefined ? undefined : Number(value));
    // Where a reading stopped that is to begin anew is of no account.
    const failsAt = error.reason === 'HISTORY_COMPACTED' ? undefined : of(commit);
    const found = { failsAt, failsOf: of(sequence) };
    return { reason: error.reason, ...found, snapshot: of(snapshot), from: of(from) };
  }
  const owed = verifier.owed.left(100).map(({ sequence }) => sequence);
  const { size, root } = verifier.head();
  const { nextSequence } = verifier;
  return { size, root, nextSequence, ...(owed.length === 0 ? {} : { owed }) };
}
