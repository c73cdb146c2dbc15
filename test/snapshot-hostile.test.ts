import { beforeAll, describe, expect, test } from 'vitest';
import {
  encodeGap,
  type Gap,
  type Genesis,
  isSameGone,
  nothingGone,
  type Snapshot,
  splitSlice,
} from '../src/event/index.ts';
import { ReplayVerifier, refuseUnallowed } from '../src/trust/index.ts';
import { CompactWorld } from './support/compact-world.ts';
import {
  appendSnapshot,
  dayMs,
  forgotten,
  slicesOf,
  verifySlices,
} from './support/snapshot-world.ts';

// A server that says that something is gone, and drops what it must not.

interface Served {
  readonly genesis: Genesis;
  readonly before: readonly Buffer[];
  readonly after: readonly Buffer[];
}

/** A chain before and after it has forgotten, whose snapshot says what a test wants. */
async function served(changes: Partial<Snapshot> = {}, carriedOutAs?: Partial<Snapshot>) {
  const world = await CompactWorld.create({ trustMode: 'centralized' });
  world.namesHeads = true;
  await world.open();
  for (let at = 0; at < 24; at += 1) {
    await world.append(at % 2, [
      { kind: 'data', object: at % 3, bytes: 60 },
      { kind: 'data', object: 3, bytes: 60 },
    ]);
  }
  await world.append(0, [{ kind: 'ruled', object: 4, bytes: 60 }]);
  world.timeUnixMs += 8 * dayMs;
  const { genesis, log } = world.chain;
  await appendSnapshot(world, 26, changes);
  const before = await slicesOf(log);
  const { forgotten: done } = await world.compact();
  if (carriedOutAs === undefined) expect(done?.refused).toBeUndefined();
  const after = await slicesOf(log);
  await world.close();
  return { genesis, before, after };
}

let honest: Served;

beforeAll(async () => {
  honest = await served();
});

/** The frames of slices, each a gap, a run and a commit, to be put together otherwise. */
function framesOf(slices: readonly Buffer[]) {
  return slices.flatMap((slice) =>
    splitSlice(slice).map(({ gap, runStart, start, end, commit }) => ({
      gap,
      commit: commit.commit,
      rest: slice.subarray(runStart, end),
      whole: slice.subarray(start, end),
    })),
  );
}

type Frame = ReturnType<typeof framesOf>[number];

function withGap(frame: Frame, change: (gap: Gap) => Gap): Frame {
  if (frame.gap === undefined) return frame;
  const gap = change(frame.gap);
  return { ...frame, gap, whole: Buffer.concat([encodeGap(gap), frame.rest]) };
}

const verify = (frames: readonly Frame[]) =>
  verifySlices(honest.genesis, [Buffer.concat(frames.map(({ whole }) => whole))]);

const refused = { reason: 'VERIFICATION_FAILED' };

test('what is served as it is verifies', async () => {
  const frames = framesOf(honest.after);
  expect(frames.filter(({ gap }) => gap !== undefined).length).toBeGreaterThan(2);
  const seen = await verify(frames);
  expect(seen.size).toBe(27);
  expect(seen.root).toBe((await verifySlices(honest.genesis, honest.before)).root);
});

describe('who reads to the head finds', () => {
  const lies: Record<string, (frames: Frame[]) => Frame[]> = {
    'that the snapshot never came': (frames) => frames.slice(0, -1),
    'that it is another one': (frames) =>
      frames.map((one) => withGap(one, (gap) => ({ ...gap, snapshot: gap.snapshot + 1 }))),
    'that it is about other commits': (frames) =>
      frames.map((one) => withGap(one, (gap) => ({ ...gap, size: gap.size - 1 }))),
    'a gap with other hashes': (frames) =>
      frames.map((one) =>
        withGap(one, (gap) => ({ ...gap, hashes: gap.hashes.map(() => Buffer.alloc(32, 1)) })),
      ),
    'a gap with fewer events': (frames) =>
      frames.map((one) =>
        withGap(one, (gap) => (gap.events > 2 ? { ...gap, events: gap.events - 1 } : gap)),
      ),
    'what was gone before made up': (frames) =>
      frames.map((one, at) =>
        at < 5
          ? one
          : withGap(one, (gap) => ({
              ...gap,
              before: { last: { before: Buffer.alloc(32, 2), first: 1, end: 2 }, from: undefined },
            })),
      ),
    'a batch whose events are gone without a gap': (frames) =>
      frames.map((one) => (one.gap?.commits === 0 ? { ...one, whole: one.rest } : one)),
  };

  test.each(Object.entries(lies))('%s', async (_what, lie) => {
    const changed = lie(framesOf(honest.after));
    await expect(verify(changed)).rejects.toMatchObject(refused);
  });

  test.each([
    ['nothing else', {}, undefined],
    ['that other events go', { gone: Buffer.alloc(32, 3) }, 'other events'],
    ['that more events stay', { events: 4 }, '4 events stay'],
    ['that there are more writers', { writers: 5 }, '5 writers'],
    ['that writers stood elsewhere', { writersHash: Buffer.alloc(32, 3) }, 'last batches'],
  ] as const)('whether a snapshot says %s', async (_what, changes, why) => {
    const { genesis, before } = await served(changes, {});
    const snapshot = framesOf(before).length === 27 ? 50 : 0;
    const all = await forgotten(genesis, before, { size: 26, snapshot });
    const reading = verifySlices(genesis, [all]);
    if (why === undefined) await expect(reading).resolves.toMatchObject({ size: 27 });
    else await expect(reading).rejects.toMatchObject({ message: expect.stringContaining(why) });
  });
});

describe('who has been shown what goes, as an object without the tombstone that removed it', () => {
  /** What was there up to a commit, and from there on what is left: with each gap that this can be cut at. */
  function cuts() {
    const left = framesOf(honest.after);
    const all = framesOf(honest.before);
    return left.flatMap(({ gap, commit }, at) => {
      const cut = commit - (gap?.commits ?? 0);
      if (gap === undefined || isSameGone(gap.before, nothingGone)) return [];
      return [{ cut, all, frames: [...all.slice(0, cut), ...left.slice(at)] }];
    });
  }

  const again = { reason: 'HISTORY_COMPACTED' };

  test('is told to read again', async () => {
    expect(cuts().length).toBeGreaterThan(2);
    for (const { frames } of cuts()) await expect(verify(frames)).rejects.toMatchObject(again);
  });

  test('is told so also where it began in the middle, and not where it began behind that', async () => {
    for (const { cut, all, frames } of cuts()) {
      const read = async (from: number) => {
        const before = new ReplayVerifier(honest.genesis);
        await before.verify(Buffer.concat(all.slice(0, from).map(({ whole }) => whole)));
        const { nextCommit: commit, nextSequence: sequence } = before;
        const start = { commit, sequence, frontier: before.frontier() };
        const verifier = new ReplayVerifier(honest.genesis, {
          ...start,
          authority: before.authority(),
        });
        await verifier.verify(Buffer.concat(frames.slice(from).map(({ whole }) => whole)));
        refuseUnallowed(verifier.owed.left(1));
      };
      await expect(read(1)).rejects.toMatchObject(again);
      await expect(read(cut)).resolves.toBeUndefined();
    }
  });

  test('finds that the run that goes before it is made up, so that it seems to have come before', async () => {
    for (const { frames } of cuts()) {
      const lying = frames.map((one) =>
        withGap(one, (gap) => ({ ...gap, before: { last: undefined, from: undefined } })),
      );
      await expect(verify(lying)).rejects.toMatchObject(refused);
    }
  });
});
