import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Snapshot } from '../gen/atedb/v1/event_pb.js';
import { checkStrict } from '../src/bytes/index.ts';
import { chooseProvider, providerNames } from '../src/crypto/index.ts';
import {
  type Genesis,
  GoneRuns,
  hashOfWriters,
  parseBatch,
  splitSlice,
} from '../src/event/index.ts';
import { gapForm, goneEventForm, snapshotForm } from '../src/event/snapshot-forms.ts';
import {
  type AuthorityRecord,
  checkBatch,
  ReplayVerifier,
  verifyGenesis,
} from '../src/trust/index.ts';
import { commitsOf, eventsOf, type ReadCommit } from './support/read-by-stubs.ts';
import {
  type Case,
  checkBadBatches,
  checkBadReplays,
  checkReplays,
  hex,
  list,
} from './support/vector-reader.ts';

// The vectors about whole events and commits that are gone. What a snapshot has to say is put together here again, plainly, from what generated
// stubs read in a history; all else is held against the implementation.

const slicesOf = ({ slices }: Case) => (slices as string[]).map(hex);

function tagged(tag: string, ...parts: Uint8Array[]): Buffer {
  const hashed = Buffer.concat([Buffer.of(tag.length), Buffer.from(tag), ...parts]);
  return createHash('sha256').update(hashed).digest();
}

function number(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

type Run = readonly [from: number, end: number];

function hashOfRuns(runs: readonly Run[]): Buffer {
  let hash: Buffer = Buffer.alloc(32);
  for (const [from, end] of runs) {
    hash = tagged('atedb/v1/gone', hash, number(from), number(end));
  }
  return hash;
}

/** The sequences up to an end that aren't among those which are there. */
function missing(there: ReadonlySet<number>, end: number): Run[] {
  const runs: [number, number][] = [];
  for (let sequence = 0; sequence < end; sequence += 1) {
    if (there.has(sequence)) continue;
    const last = runs.at(-1);
    if (last?.[1] === sequence) last[1] = sequence + 1;
    else runs.push([sequence, sequence + 1]);
  }
  return runs;
}

function hashOfLast(commits: readonly ReadCommit[]): { count: number; hash: Buffer } {
  const last = new Map<string, Buffer>();
  for (const { commit, seal } of commits) {
    const id = Buffer.from(seal.writerId);
    last.set(id.toString('hex'), Buffer.concat([id, number(seal.counter), commit.sealHash]));
  }
  const ids = [...last.keys()].sort();
  const parts = ids.map((id) => last.get(id) as Buffer);
  return { count: last.size, hash: tagged('atedb/v1/writers', ...parts) };
}

test('what a snapshot says is what is there of its commits, and what is missing', () => {
  let carriedOut = 0;
  for (const one of list('gaps', 'good')) {
    const what = one.name as string;
    const slices = slicesOf(one);
    const commits = commitsOf(slices);
    const events = eventsOf(slices);
    const there = new Set(events.map(({ sequence }) => sequence));
    const gone = missing(there, one.nextSequence as number);
    expect(gone, what).toEqual(one.gone);
    const snapshots = events.flatMap(({ header: { snapshot } }) => snapshot ?? []) as Snapshot[];
    const [newest] = snapshots.filter((snapshot) => {
      const next = commits.find(({ commit }) => commit.commit >= snapshot.size);
      const end = Number(next?.commit.firstSequence);
      const ofIt = commits.filter(({ commit }) => commit.commit < snapshot.size);
      const writers = hashOfLast(ofIt);
      const fits =
        hashOfRuns(gone).equals(snapshot.gone) &&
        [...there].filter((sequence) => sequence < end).length === Number(snapshot.events);
      if (!fits) return false;
      expect(writers.count, what).toBe(Number(snapshot.writers));
      expect(writers.hash.equals(snapshot.writersHash), what).toBe(true);
      return true;
    });
    if (gone.length === 0) continue;
    expect(newest, what).toBeDefined();
    carriedOut += 1;
  }
  expect(carriedOut).toBeGreaterThan(12);
});

test('hashes of runs and of writers', () => {
  for (const { added, states, hash } of list('gaps', 'runHashes')) {
    const runs = new GoneRuns();
    for (const [place, [from, end]] of (added as Run[]).entries()) {
      const { last, from: goneFrom } = runs.stateAt(from);
      const state = { ...last, before: last?.before.toString('hex'), at: from, goneFrom };
      expect(JSON.parse(JSON.stringify(state))).toEqual((states as Case[])[place]);
      runs.add(from, end);
    }
    expect(runs.finish().toString('hex')).toBe(hash);
    const joined = (added as Run[]).reduce<[number, number][]>((all, [from, end]) => {
      const last = all.at(-1);
      if (last?.[1] === from) last[1] = end;
      else all.push([from, end]);
      return all;
    }, []);
    expect(hashOfRuns(joined).toString('hex')).toBe(hash);
  }
  for (const { writers, hash } of list('gaps', 'writerHashes')) {
    const all = (writers as Case[]).map(({ writerId, counter, sealHash }) => ({
      ...{ writerId: hex(writerId), counter: counter as number, sealHash: hex(sealHash) },
    }));
    expect(hashOfWriters(all).toString('hex')).toBe(hash);
  }
});

test('messages, and runs by themselves', () => {
  const forms = { Snapshot: snapshotForm, GoneEvent: goneEventForm, Gap: gapForm };
  const check = ({ message, bytes }: Case) =>
    checkStrict(forms[message as keyof typeof forms], hex(bytes));
  for (const one of list('gaps', 'forms')) check(one);
  for (const one of list('gaps', 'badForms')) {
    const refused = expect.objectContaining({ reason: 'NON_CANONICAL' });
    expect(() => check(one), one.what as string).toThrow(refused);
  }
  for (const { run, events, gone, eventsRoot, what } of list('gaps', 'batches')) {
    const batch = parseBatch(hex(run));
    checkBatch(batch, 'stored');
    expect(batch.count, what as string).toBe(events);
    expect(batch.seal.eventsRoot.toString('hex')).toBe(eventsRoot);
    const places = Array.from({ length: batch.count }, (_, index) => index);
    expect(places.filter((index) => batch.isGone(index))).toEqual(gone);
  }
  checkBadBatches('gaps');
});

type Start = ConstructorParameters<typeof ReplayVerifier>[1];

/** Where a reader begins that has read nothing. */
const startOf = ({ commit, sequence, frontier }: Case): Start => ({
  ...{ commit: commit as number, sequence: sequence as number },
  frontier: (frontier as string[]).map(hex),
});

/** Where one begins anew that has verified some slices. */
async function startAfter(genesis: Genesis, slices: readonly Buffer[]): Promise<Start> {
  const before = new ReplayVerifier(genesis);
  for (const slice of slices) await before.verify(slice);
  const { retained } = before;
  const { missingBelow } = before.owed.forgotten;
  const authority = before.authority() as AuthorityRecord;
  const writers = new Map(before.writers);
  const rules = { head: before.head(), authority, retained, writers, missingBelow };
  const { nextCommit: commit, nextSequence: sequence } = before;
  return { commit, sequence, frontier: before.frontier(), rules };
}

type From = 'genesis' | 'middle' | 'rules';

/** What comes of readers that begin anywhere. */
async function checkReader(one: Case, begins: From): Promise<void> {
  const slices = slicesOf(one);
  const [first] = splitSlice(slices[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  const read = slices.slice(0, one.slice as number | undefined);
  const start =
    begins === 'middle' ? startOf(one) : begins === 'rules' && (await startAfter(genesis, read));
  const verifier = new ReplayVerifier(genesis, start || undefined, { allSignatures: true });
  const reading = async () => {
    for (const slice of slices.slice((one.slice as number | undefined) ?? 0)) {
      await verifier.verify(slice);
    }
  };
  const { reason, failsAt, failsOf, snapshot, from, what } = one;
  if (reason !== undefined) {
    const named = { commit: failsAt, sequence: failsOf, snapshot, from };
    const metadata = Object.fromEntries(
      Object.entries(named).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      ),
    );
    await expect(reading(), what as string).rejects.toMatchObject({ reason, metadata });
    return;
  }
  await reading();
  expect(verifier.head(), what as string).toEqual({ size: one.size, root: hex(one.root) });
  expect(verifier.nextSequence).toBe(one.nextSequence);
  const left = verifier.owed.left(100).map((owed) => owed.sequence);
  expect(left, what as string).toEqual(one.owed ?? []);
}

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('histories of which whole events are gone', async () => {
    for (const verifier of await checkReplays('gaps', 'good')) {
      expect(verifier.owed.isOwed).toBe(false);
    }
    const owing = await checkReplays('gaps', 'owing');
    for (const [place, { owed, name: what }] of list('gaps', 'owing').entries()) {
      const left = owing[place]?.owed.left(100).map(({ sequence }) => sequence);
      expect(left, what as string).toEqual(owed);
    }
    await checkBadReplays('gaps', 'bad');
    // Also where only the last signature of each writer in a slice is looked at.
    for (const one of list('gaps', 'bad')) {
      const slices = slicesOf(one);
      const [first] = splitSlice(slices[0] as Buffer);
      const reading = async () => {
        const { genesis } = await verifyGenesis(first?.run as Buffer);
        const verifier = new ReplayVerifier(genesis);
        for (const slice of slices) await verifier.verify(slice);
      };
      await expect(reading(), one.why as string).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
      });
    }
  }, 120_000);

  test('readers that go on while the chain is compacted, and such that begin in the middle', async () => {
    for (const one of list('gaps', 'compacted')) await checkReader(one, 'genesis');
    for (const one of list('gaps', 'resumed')) await checkReader(one, 'rules');
    for (const one of list('gaps', 'middles')) await checkReader(one, 'middle');
  }, 120_000);
});
