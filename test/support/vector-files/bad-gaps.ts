import { AtedbError, FieldCursor } from '../../../src/bytes/index.ts';
import { encodeGap, type Gap, type Snapshot, type TreeHead } from '../../../src/event/index.ts';
import { forgetEvents } from '../../../src/log/forget-run.ts';
import { flipped } from './fixed.ts';
import { FixedWriter, fixedRules } from './fixed-chain.ts';
import {
  changeGap,
  type Forgets,
  GapChain,
  goneBefore,
  type SnapshotChoice,
  storedBatch,
  theBatch,
} from './gap-chains.ts';
import { onlyNewest, plain, sizeOf, someGaps } from './gap-histories.ts';
import { byAlice, centralized, objects, removed, written } from './gone-chains.ts';
import { alice, cut, replayed, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { note, other, hers } = objects;
const another = Buffer.alloc(32, 3);

type Lie = readonly [why: string, left: readonly Buffer[] | Promise<readonly Buffer[]>];

/** Histories that aren't what a snapshot leaves: found with a commit, or when the snapshot comes. */
export async function badGapReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  const all = [...ofSnapshots(), ...ofWhatIsMissing(), ...(await ofGaps()), ...ofTheRules()];
  for (const [why, making] of all) {
    const slices = cut(await making);
    const error = await replayed(slices).catch((one: unknown) => one);
    if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
    if (error.reason !== 'VERIFICATION_FAILED') throw error;
    const { commit, sequence } = error.metadata;
    const of = (value: string | undefined) => (value === undefined ? undefined : Number(value));
    cases.push({ why, slices, commit: of(commit), sequence: of(sequence) });
  }
  return cases;
}

/** Some states of two objects by two writers, of which some go; the last batch is the snapshot. */
async function said(choice: SnapshotChoice, forgets: Forgets = {}): Promise<readonly Buffer[]> {
  const everyone = fixedRules('all', ruled({ write: { kind: 'everyone' } }));
  const chain = GapChain.of(centralized).add([everyone]);
  chain.addBy(alice, [written('a')], byAlice);
  for (const state of ['b', 'c']) plain(chain, [written(state), written(state, other)]);
  chain.addBy(alice, [written('d', hers)]);
  plain(chain, [written('e')]);
  return (await chain.snapshot(choice)).forgotten(forgets);
}

/** What is missing is what the rules say; the snapshot says something else. */
function ofSnapshots(): Lie[] {
  const says = (what: Partial<Snapshot>) => said({ says: what });
  return [
    ['the snapshot says that other events go', says({ gone: another })],
    ['the snapshot says that nothing goes', says({ gone: Buffer.alloc(32) })],
    ['the snapshot has another root of the tree', says({ treeRoot: another })],
    ['the snapshot is about more commits than the gaps say', sizeOf(-1)],
    ['the snapshot is about fewer commits than it should', says({ size: 6 })],
    ['the snapshot says that one event more stays', says({ events: 6 })],
    ['the snapshot says that one event fewer stays', says({ events: 4 })],
    ['the snapshot counts one writer more', says({ writers: 3 })],
    ['the snapshot has other last batches of writers', says({ writersHash: another })],
    ['the commits of the snapshot are not yet 7 days old', said({ ageMs: 7 * 24 * 3_600_000 - 1 })],
    ['a batch that is no snapshot has its sequence', isOther()],
    ['the snapshot is from a key that is no root', said({ by: alice })],
    ['the snapshot has no signature', said({ signers: [] })],
    ['the snapshot is signed by another key', said({ signers: [alice] })],
    ['the snapshot is about more commits than its writer has seen', unseen()],
    ['the second snapshot is about as many commits as the first', again()],
  ];
}

async function isOther(): Promise<readonly Buffer[]> {
  const left = await (await onlyNewest()).forgotten();
  return changeGap(left, 0, (gap) => ({ ...gap, snapshot: gap.snapshot + 1 }));
}

async function unseen(): Promise<readonly Buffer[]> {
  const chain = GapChain.of(centralized);
  for (const state of ['a', 'b', 'c']) plain(chain, [written(state)]);
  const { heads } = chain.chain;
  await chain.snapshot({ asOf: heads[2] as (typeof heads)[number] });
  return chain.forgotten();
}

async function again(): Promise<readonly Buffer[]> {
  const chain = await onlyNewest();
  await chain.snapshot({ size: 6 });
  return chain.forgotten();
}

/** The snapshot says what it should, and something else is missing. */
function ofWhatIsMissing(): Lie[] {
  const is = (sequence: number, stays: boolean) => (at: number) =>
    at === sequence ? stays : undefined;
  const without = (sequence: number) => said({}, { stays: is(sequence, false) });
  return [
    ['an event more is gone than the snapshot says: the newest of its object', without(8)],
    ['an event more is gone than the snapshot says: rules', without(1)],
    ['an event that should be gone is there: data', said({}, { stays: is(3, true) })],
    ['an event that should be gone is there: the first', said({}, { stays: is(2, true) })],
    ['nothing is gone but one event', oneGone()],
    ['a tombstone is gone, and what it removed is there', tombstoneGone()],
    ['a tombstone is gone that stays, since its object has rules', ruledTombstoneGone()],
    ["a writer's last batch is gone", lastBatchGone()],
    ['an event behind the commits of the snapshot is gone', laterGone()],
  ];
}

function oneGone(): Promise<readonly Buffer[]> {
  return said({}, { stays: (sequence) => sequence !== 2, keepsCommit: () => true });
}

async function tombstoneGone(): Promise<readonly Buffer[]> {
  const chain = GapChain.of(centralized);
  plain(chain, [written('a')]);
  chain.add([removed()]);
  plain(chain, [written('x', other)]);
  await chain.snapshot();
  return chain.forgotten({ stays: (sequence) => (sequence === 1 ? true : undefined) });
}

async function ruledTombstoneGone(): Promise<readonly Buffer[]> {
  const rules = ruled({ write: { kind: 'everyone' } });
  const chain = GapChain.of(centralized).add([written('a', note, rules)]);
  chain.add([removed()]);
  plain(chain, [written('x', other)]);
  await chain.snapshot();
  return chain.forgotten({ stays: (sequence) => (sequence === 2 ? false : undefined) });
}

async function lastBatchGone(): Promise<readonly Buffer[]> {
  const everyone = fixedRules('all', ruled({ write: { kind: 'everyone' } }));
  const chain = GapChain.of(centralized).add([everyone]);
  chain.addBy(alice, [written('a')], byAlice).addBy(alice, [written('b')]);
  for (const state of ['c', 'd']) plain(chain, [written(state)]);
  await chain.snapshot();
  return chain.forgotten({ keepsCommit: (commit) => (commit === 3 ? false : undefined) });
}

/** Of the last batch, behind the commits of the snapshot. */
async function laterGone(): Promise<readonly Buffer[]> {
  const chain = await onlyNewest();
  plain(chain, [written('g'), written('h')]);
  const left = [...(await chain.forgotten())];
  const { run, commit } = theBatch(left.pop() as Buffer);
  const [gap] = left.flatMap((one) => theBatch(one).gap ?? []);
  const none = { ...(gap as Gap), commits: 0, events: 0, hashes: [] };
  const forgotten = forgetEvents(run, (index) => index > 0);
  return [...left, storedBatch({ gap: none, run: forgotten.run, commit })];
}

type State = Gap['before'];
const before = (last: State['last'], from?: number): State => ({ last, from });

/** What gaps say of themselves. Of the history the first gap is of events in commit 1, the second before commit 4, the third before 7. */
async function ofGaps(): Promise<Lie[]> {
  const left = await (await someGaps()).forgotten();
  const change = (nth: number, to: (gap: Gap) => Gap | undefined) => changeGap(left, nth, to);
  const says = (nth: number, what: Partial<Gap>) => change(nth, (gap) => ({ ...gap, ...what }));
  const last = (of: Gap) => of.before.last as NonNullable<State['last']>;
  const saysBefore = (nth: number, to: (gap: Gap) => State) =>
    change(nth, (gap) => ({ ...gap, before: to(gap) }));
  const [first, second] = left.flatMap((one) => theBatch(one).gap ?? []) as [Gap, Gap];
  return [
    ['the hash of commits is another', says(1, { hashes: second.hashes.map(() => another) })],
    ['it has one hash more', says(1, { hashes: [...second.hashes, another] })],
    ['it has one hash less', says(1, { hashes: second.hashes.slice(1) })],
    ['it counts one commit more', says(1, { commits: second.commits + 1 })],
    ['it counts one commit less', says(1, { commits: second.commits - 1 })],
    ['it counts one event more', says(1, { events: second.events + 1 })],
    ['it counts one event less', says(1, { events: second.events - 1 })],
    ['it has commits, and no events', says(1, { events: 0 })],
    ['it has events, and no commits', says(0, { events: 1 })],
    ['it has hashes, and no commits', says(0, { hashes: [another] })],
    ['it is about fewer commits than are gone', says(1, { size: 3 })],
    [
      'what was gone before the first is made up',
      saysBefore(0, () => before({ before: another, first: 0, end: 0 })),
    ],
    ['nothing was gone before the second', saysBefore(1, () => before(undefined))],
    [
      'the run before the third began later',
      saysBefore(2, (gap) => before({ ...last(gap), first: last(gap).first + 1 })),
    ],
    [
      'the run before the third ended earlier',
      saysBefore(2, (gap) => before({ ...last(gap), end: last(gap).end - 1 })),
    ],
    [
      'the hash before the last run is another',
      saysBefore(2, (gap) => before({ ...last(gap), before: another })),
    ],
    [
      'a run goes on in the third, and it is said that none does',
      saysBefore(2, (gap) => before(last(gap))),
    ],
    [
      'the last run has no event',
      saysBefore(1, (gap) => before({ ...last(gap), end: last(gap).first })),
    ],
    ['the run that goes on in the third began later', saysBefore(2, (gap) => before(last(gap), 8))],
    ['a run goes on from before the last one', saysBefore(1, (gap) => before(last(gap), 1))],
    ['events of a batch are gone, and no gap says why', change(0, () => undefined)],
    ['commits are gone, and no gap says how many', change(1, () => undefined)],
    ['a gap before a batch of which nothing is gone', wholeWithGap()],
    ['the genesis has a gap', genesisWithGap(left, first)],
    ['two gaps before a batch', doubled(left, second)],
    ['a gap behind the events', between(left, first)],
    ['a gap behind the last batch', [...left, encodeGap(first)]],
    ['the hashes of gone events are others', goneHashes(left)],
  ];
}

/** Each batch is there, and the last one of the snapshot's commits as it was. */
async function wholeWithGap(): Promise<readonly Buffer[]> {
  const left = await (await someGaps()).forgotten({ isLast: () => true });
  const [gap] = left.flatMap((one) => theBatch(one).gap ?? []);
  return left.map((one) => {
    const { run, commit } = theBatch(one);
    if (commit.commit !== 7) return one;
    const goesOn = { ...(gap as Gap), before: goneBefore(left, commit.firstSequence) };
    return storedBatch({ gap: goesOn, run, commit });
  });
}

function genesisWithGap([genesis, ...left]: readonly Buffer[], gap: Gap): Buffer[] {
  const { run, commit } = theBatch(genesis as Buffer);
  return [storedBatch({ gap, run, commit }), ...left];
}

function doubled(left: readonly Buffer[], gap: Gap): Buffer[] {
  return left.map((one, at) => (at === 2 ? Buffer.concat([encodeGap(gap), one]) : one));
}

/** The gap of a batch once more, behind its first event. */
function between(left: readonly Buffer[], gap: Gap): Buffer[] {
  return left.map((one, at) => {
    if (at !== 1) return one;
    const { run, runStart } = theBatch(one);
    const cursor = new FieldCursor(run);
    cursor.next();
    const place = runStart + cursor.end;
    return Buffer.concat([one.subarray(0, place), encodeGap(gap), one.subarray(place)]);
  });
}

/** One bit of what stands for the first gone event is another. */
function goneHashes(left: readonly Buffer[]): Buffer[] {
  return left.map((one, at) => {
    if (at !== 1) return one;
    const { gap, run, commit } = theBatch(one);
    // Tags and lengths of Event and GoneEvents, its count, then its hashes.
    return storedBatch({ gap, run: flipped(run, 10), commit });
  });
}

/** What has nothing to do with what is missing. */
function ofTheRules(): Lie[] {
  return [
    ['a batch was made by a head from before the snapshot', stale()],
    ["a writer's counter falls, where batches of it may be gone", falls()],
    ["a writer's counter jumps behind the commits of the snapshot", jumps()],
    ["a writer's next batch names another one before it", forks()],
    [
      'the signature of a batch is bad, and the next one of its writer there is not behind it',
      unsigned(),
    ],
  ];
}

async function stale(): Promise<readonly Buffer[]> {
  const chain = await onlyNewest();
  const [, head] = chain.chain.heads;
  // Its writer has seen more before: another one has not.
  const late = new FixedWriter(chain.chain.chainId, root, 'another of the root');
  chain.chain.accept(late.batch([written('g')], { asOf: head as TreeHead }));
  return chain.forgotten();
}

/** Batches of a distributed chain, of which the one before a gap has another signature. Both are in one slice. */
async function unsigned(): Promise<readonly Buffer[]> {
  const chain = GapChain.of();
  plain(chain, [written('x', other)]);
  for (const state of ['a', 'b', 'c']) plain(chain, [written(state)]);
  await chain.snapshot();
  return (await chain.forgotten()).map((one, at) => {
    const { gap, run, commit } = theBatch(one);
    return at === 1 ? storedBatch({ gap, run: flipped(run, -1), commit }) : one;
  });
}

/** What is left up to commit 4, while more of the snapshot's commits are to come, and a batch behind that. */
async function within(change: (writer: FixedWriter) => void): Promise<readonly Buffer[]> {
  const left = await (await someGaps()).forgotten();
  const { chain } = await someGaps(4);
  change(chain.writer);
  const run = chain.writer.batch([written('y', hers)], { asOf: chain.head, signers: [] });
  chain.accept(run);
  return [...left.slice(0, 3), chain.stored.at(-1) as Buffer];
}

function falls(): Promise<readonly Buffer[]> {
  return within((writer) => {
    writer.counter = 2;
  });
}

function forks(): Promise<readonly Buffer[]> {
  return within((writer) => {
    writer.previous = another;
  });
}

async function jumps(): Promise<readonly Buffer[]> {
  const chain = await onlyNewest();
  chain.chain.writer.counter += 1;
  plain(chain, [written('g')]);
  return chain.forgotten();
}
