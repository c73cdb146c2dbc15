import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BuiltEvent, splitSlice, type TrustMode } from '../src/event/index.ts';
import { ReplayVerifier } from '../src/trust/index.ts';
import { CompactWorld, keyOf } from './support/compact-world.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';
import {
  appendSnapshot,
  dayMs,
  type SeenChain,
  slicesOf,
  verifySlices,
} from './support/snapshot-world.ts';
import { testEvent } from './support/test-writer.ts';

// What is forgotten under a snapshot, in a chain's own files: what stays, who sees that it is right, and what comes of it later.

const trustModes: TrustMode[] = ['centralized', 'distributed'];

/** Something that a writer does with one of a few objects. */
const step = fc.record({
  kind: fc.constantFrom(
    ...(['data', 'data', 'data', 'tombstone', 'ruled', 'child', 'gone-child', 'moved'] as const),
  ),
  object: fc.nat({ max: 4 }),
  parent: fc.nat({ max: 4 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const batches = (minLength: number, maxLength: number) =>
  fc.array(
    fc.record({
      writer: fc.nat({ max: 1 }),
      steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    }),
    { minLength, maxLength },
  );

function built({ kind, object, parent }: Step): BuiltEvent {
  const primaryKey = keyOf(object);
  const child = Buffer.alloc(16, 100 + object);
  const inherit = { authorisation: { write: { kind: 'inherit' as const } } };
  switch (kind) {
    case 'data':
      return testEvent(randomBytes(60), { primaryKey });
    case 'tombstone':
      return testEvent('', { kind, primaryKey });
    case 'ruled':
      return testEvent(randomBytes(60), { primaryKey, authority: inherit });
    case 'child':
      return testEvent(randomBytes(60), { primaryKey: child, parent: keyOf(parent) });
    case 'gone-child':
      return testEvent('', { kind: 'tombstone', primaryKey: child });
    case 'moved':
      return testEvent('', {
        kind: 'rules',
        primaryKey: child,
        parent: keyOf(parent),
        authority: { moves: true },
      });
  }
}

type Batches = readonly { readonly writer: number; readonly steps: readonly Step[] }[];

/** Append batches; those that the chain refuses are left out. */
async function appendAll(world: CompactWorld, all: Batches): Promise<void> {
  for (const { writer, steps } of all) {
    await world.appendBuilt(writer, steps.map(built)).catch(() => undefined);
  }
}

async function see(world: CompactWorld): Promise<SeenChain> {
  const { genesis, log } = world.chain;
  return verifySlices(genesis, await slicesOf(log));
}

/** The newest data of each object, of what a reader has seen. */
function stateOf(world: CompactWorld, seen: SeenChain): Map<string, string> {
  const state = new Map<string, string>();
  for (const { batch, firstSequence } of world.placed) {
    for (const [index, { header }] of batch.events.entries()) {
      const text = seen.events.get(firstSequence + index);
      if (text === undefined) continue;
      const key = header.primaryKey?.toString('hex') ?? '';
      if (header.kind === 'data') state.set(key, text);
      else if (header.kind === 'tombstone') state.delete(key);
    }
  }
  return state;
}

function expectSame(world: CompactWorld, now: SeenChain, before: SeenChain): void {
  expect(now.root).toBe(before.root);
  expect(now.size).toBe(before.size);
  expect(now.nextSequence).toBe(before.nextSequence);
  expect(now.authority).toEqual(before.authority);
  expect(stateOf(world, now)).toEqual(stateOf(world, before));
}

test.each(trustModes)(
  'a %s chain that has forgotten is the same for who reads it, whatever was in it',
  { timeout: manyRoundsMs },
  async (trustMode) => {
    let forgotten = 0;
    await fc.assert(
      fc.asyncProperty(
        batches(3, 14),
        batches(1, 6),
        fc.nat({ max: 14 }),
        async (old, young, at) => {
          const world = await CompactWorld.create({ trustMode });
          world.namesHeads = true;
          await world.open();
          try {
            await appendAll(world, old);
            world.timeUnixMs += 8 * dayMs;
            const size = Math.min(1 + at, world.placed.length);
            await appendAll(world, young);
            const full = await see(world);
            const said = await appendSnapshot(world, size);
            const before = await see(world);
            const { forgotten: done } = await world.compact();
            expect(done).toMatchObject({ refused: undefined });
            const now = await see(world);
            expectSame(world, now, before);
            expect(now.events.size).toBe(before.events.size - (done?.events ?? 0));
            const end = world.placed[size]?.firstSequence ?? before.nextSequence;
            expect([...now.events.keys()].filter((sequence) => sequence < end)).toHaveLength(
              said.events,
            );
            forgotten += done?.events ?? 0;
            expect(full.events.size).toBe(before.events.size - 1);

            // What is left is the same for the next one, and for who opens the files anew.
            expect(await world.survey()).toEqual([]);
            await world.close();
            await world.open();
            expectSame(world, await see(world), before);
            await appendAll(world, young);
            world.timeUnixMs += 8 * dayMs;
            const later = await see(world);
            await appendSnapshot(world, world.placed.length);
            const last = await see(world);
            const again = await world.compact();
            expect(again.forgotten).toMatchObject({ refused: undefined });
            expectSame(world, await see(world), last);
            expect(later.authority?.horizon?.size).toBe(size);
            expect(await world.survey()).toEqual([]);
          } finally {
            await world.close();
          }
        },
      ),
      { numRuns: rounds({ short: 6, long: 300 }) },
    );
    expect(forgotten).toBeGreaterThan(5);
  },
);

describe('a chain of a few objects', () => {
  async function filled(count = 30): Promise<CompactWorld> {
    const world = await CompactWorld.create();
    world.namesHeads = true;
    await world.open();
    for (let at = 0; at < count; at += 1) {
      await world.append(at % 2, [{ kind: 'data', object: at % 3, bytes: 100 }]);
    }
    world.timeUnixMs += 8 * dayMs;
    return world;
  }

  test('is as large as what is left in it', async () => {
    const world = await filled(120);
    const before = world.chain.log.bytes;
    await appendSnapshot(world, world.placed.length);
    const report = await world.compact();
    // Genesis, three objects; and each writer's last batch has one of these.
    expect(report.forgotten).toMatchObject({ events: 117 });
    expect(world.chain.log.bytes).toBeLessThan(before / 2);
    expect(report.bytesAfter).toBe(world.chain.log.bytes);
    const slices = await slicesOf(world.chain.log);
    const gaps = slices
      .flatMap((slice) => splitSlice(slice))
      .filter(({ gap }) => gap !== undefined);
    expect(gaps.length).toBeGreaterThan(1);
    await world.close();
  });

  test('a snapshot is only taken about what is old, is there, and is new to it', async () => {
    const world = await filled(10);
    await expect(appendSnapshot(world, 8, { treeRoot: Buffer.alloc(32) })).rejects.toMatchObject({
      reason: 'SNAPSHOT_INVALID',
      message: expect.stringContaining('never had a head of 8 commits'),
    });
    world.timeUnixMs -= 2 * dayMs;
    await expect(appendSnapshot(world, 8)).rejects.toMatchObject({
      reason: 'SNAPSHOT_INVALID',
      message: expect.stringContaining('7 days old'),
    });
    world.timeUnixMs += 2 * dayMs;
    await appendSnapshot(world, 8);
    await expect(appendSnapshot(world, 8)).rejects.toMatchObject({ reason: 'SNAPSHOT_INVALID' });
    await world.close();
  });

  test('what was made by an older head is refused from then on', async () => {
    const world = await filled(10);
    const { head } = world.chain.log.durable;
    const old = await world.chain.log.tree.rootAt(5);
    await appendSnapshot(world, head.size);
    const [writer] = world.writers;
    const made = await writer?.make([testEvent('late')], { asOf: { size: 5, root: old } });
    const run = made?.run ?? Buffer.alloc(0);
    const prepared = await world.chain.prepare(run, () => true);
    expect(() => world.chain.submit(prepared)).toThrow(
      expect.objectContaining({ reason: expect.stringMatching(/STALE|AS_OF_INVALID/) }),
    );
    await world.close();
  });

  test('a snapshot that lets other events go than the rules is not carried out', async () => {
    const world = await filled(10);
    await appendSnapshot(world, 9, { gone: Buffer.alloc(32, 1) });
    const before = await see(world);
    const report = await world.compact();
    expect(report.forgotten).toMatchObject({
      events: 0,
      refused: expect.stringContaining('rules'),
    });
    expect(world.chain.compaction.isSnapshotDue).toBe(false);
    expect((await see(world)).events.size).toBe(before.events.size);
    await world.close();
  });

  test('whoever is anywhere in the middle goes on there, or is told that what it has read is gone', async () => {
    const world = await filled(24);
    await appendSnapshot(world, 25);
    const { genesis, log } = world.chain;
    const readers = [];
    for (let cut = 1; cut <= 26; cut += 1) {
      const verifier = new ReplayVerifier(genesis);
      let position = log.startPosition();
      while (verifier.nextCommit < cut) {
        const { bytes, next } = await log.readSlice(position, { bytesMax: 1 });
        await verifier.verify(Buffer.from(bytes));
        position = next;
      }
      readers.push({ verifier, position });
    }
    await world.compact();
    expect(world.chain.log.rewriting.forgotten).toBeDefined();
    let within = 0;
    const { events: left } = await see(world);
    const isGone = (sequence: number) => sequence < 25 && !left.has(sequence);
    const places = Array.from({ length: 25 }, (_, sequence) => sequence);
    for (const { verifier, position: before } of readers) {
      const { nextCommit, nextSequence } = verifier;
      // One that asks again from where it is gets the same as one whose stream went on.
      const asked = await log.positionOfSequence(nextSequence, nextCommit);
      expect(asked.commit).toBe(nextCommit);
      within += asked.isWithinGap ? 1 : 0;
      const [one, other] = await Promise.all(
        [before, asked].map((from) => log.readSlice(from, { bytesMax: 1 })),
      );
      expect(one?.bytes.equals(other?.bytes ?? Buffer.alloc(0))).toBe(true);
      const goOn = async (by: ReplayVerifier) => {
        for (let position = before; ; ) {
          const { bytes, next } = await log.readSlice(position, { bytesMax: 1_000 });
          if (bytes.length === 0) break;
          await by.verify(Buffer.from(bytes));
          position = next;
        }
        expect(by.head()).toEqual(log.durable.head);
        expect(by.owed.takeUnallowed()).toEqual([]);
        expect(by.owed.left(1)).toEqual([]);
      };
      const start = { commit: nextCommit, sequence: nextSequence, frontier: verifier.frontier() };
      await goOn(new ReplayVerifier(genesis, { ...start, authority: verifier.authority() }));
      const hasSeen = places.some((one) => one < nextSequence && isGone(one));
      const isToCome = places.some((one) => one >= nextSequence && isGone(one));
      if (!hasSeen || !isToCome) await goOn(verifier);
      else await expect(goOn(verifier)).rejects.toMatchObject({ reason: 'HISTORY_COMPACTED' });
    }
    expect(within).toBeGreaterThan(8);
    await world.close();
  });

  test('what was read under one snapshot is read again under the next one', async () => {
    const world = await filled(24);
    await appendSnapshot(world, 12);
    await world.compact();
    const { genesis, log } = world.chain;
    const verifier = new ReplayVerifier(genesis);
    let position = log.startPosition();
    while (verifier.nextCommit < 8) {
      const { bytes, next } = await log.readSlice(position, { bytesMax: 1 });
      await verifier.verify(Buffer.from(bytes));
      position = next;
    }
    expect(verifier.owed.isOwed).toBe(true);
    await appendSnapshot(world, 24);
    await world.compact();
    const goOn = async () => {
      for (let at = position; ; ) {
        const { bytes, next } = await log.readSlice(at, { bytesMax: 1_000 });
        if (bytes.length === 0) return;
        await verifier.verify(Buffer.from(bytes));
        at = next;
      }
    };
    await expect(goOn()).rejects.toMatchObject({ reason: 'HISTORY_COMPACTED' });
    expect((await see(world)).size).toBe(27);
    await world.close();
  });

  test('a condition on what may be forgotten holds only where what is left shows it', async () => {
    const world = await filled(24);
    await world.append(0, [{ kind: 'tombstone', object: 0, bytes: 0 }]);
    await world.append(1, [{ kind: 'data', object: 4, bytes: 10 }]);
    world.timeUnixMs += 8 * dayMs;
    await appendSnapshot(world, 27);
    await world.compact();
    const { head } = world.chain.log.durable;
    const [writer, other] = world.writers;
    const decide = async (by = writer, object: number, sinceSequence: number) => {
      const condition = {
        kind: 'key_unchanged' as const,
        primaryKey: keyOf(object),
        sinceSequence,
      };
      const made = await by?.make([testEvent('x')], { asOf: head, preconditions: [condition] });
      const prepared = await world.chain.prepare(made?.run ?? Buffer.alloc(0), () => true);
      try {
        world.chain.submit(prepared);
      } catch (error) {
        return (error as { reason: string }).reason;
      }
      return 'taken';
    };
    // It was removed, by the first writer, and nothing is left of it.
    expect(await world.chain.newestOf(keyOf(0))).toBeUndefined();
    expect(await decide(other, 0, 5)).toBe('PRECONDITION_FAILED');
    // The other one's, and the newest of all that the object had.
    expect(await decide(writer, 4, 20)).toBe('PRECONDITION_FAILED');
    expect(await decide(writer, 4, 27)).toBe('taken');
    await world.close();
  });
});
