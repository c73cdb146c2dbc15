import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { diagnoseChain } from '../src/chain/index.ts';
import type { TreeHead } from '../src/event/index.ts';
import { FolderBatches, segmentName } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { CompactWorld, chainFolder as folder } from './support/compact-world.ts';
import { expectWhole, finish, flip, mend, verify } from './support/mending.ts';

// The last two batches of a chain are damaged, where it was closed in good order, with a footer, and where its server was lost, and there is none.

let world: CompactWorld;
let closed: MemoryStorage;
let open: MemoryStorage;
/** Name of the active segment's file, and where its last two batches lie in it: run and commit. */
let name: string;
let head: TreeHead;
let last: { readonly start: number; readonly commit: number; readonly end: number }[];

beforeAll(async () => {
  world = await CompactWorld.create();
  await world.open();
  for (let round = 0; round < 14; round += 1) {
    await world.append(round % 2, [{ kind: 'data', object: round % 5, bytes: 300 }]);
  }
  open = (world.storage as MemoryStorage).clone({ keepsUnsynced: true });
  await world.close();
  closed = (world.storage as MemoryStorage).clone();
  const { survey } = await diagnoseChain(closed, folder);
  const active = survey.sound.at(-1);
  if (active === undefined) throw new Error('a chain has a segment');
  name = segmentName(active.segment);
  head = { size: survey.place.commit, root: survey.place.frontier.root() };
  const place = { commit: active.firstCommit, sequence: active.firstSequence };
  let end = active.header.length;
  const all = [];
  for await (const { run, storedBytes } of new FolderBatches(closed, folder).batchesFrom(place)) {
    all.push({ start: end, commit: end + run.length, end: end + storedBytes });
    end += storedBytes;
  }
  last = all.slice(-2);
  expect(last).toHaveLength(2);
});

/** Behind tag and length of a commit, and those of its header. */
const inHeader = 12;

interface Damage {
  readonly what: string;
  readonly damage: (storage: MemoryStorage) => void;
  /** How many of the two are proven where there is no footer, and how many more others have. */
  readonly proven: number;
  readonly unproven: number;
}

const damages: Damage[] = [
  {
    what: 'a byte of what each of them says',
    damage: (storage) => {
      for (const { start } of last) flip(storage, name, start + 60);
    },
    ...{ proven: 2, unproven: 0 },
  },
  {
    // Nothing says any more what was before the second.
    what: 'the framing of the first, and a byte of the second',
    damage: (storage) => {
      flip(storage, name, last[0]?.start ?? 0);
      flip(storage, name, (last[1]?.start ?? 0) + 60);
    },
    ...{ proven: 0, unproven: 2 },
  },
  {
    what: 'the framing of both',
    damage: (storage) => {
      for (const { start } of last) flip(storage, name, start);
    },
    ...{ proven: 0, unproven: 2 },
  },
  {
    what: 'a byte of the first, and the header of the second commit',
    damage: (storage) => {
      flip(storage, name, (last[0]?.start ?? 0) + 60);
      flip(storage, name, (last[1]?.commit ?? 0) + inHeader);
    },
    ...{ proven: 1, unproven: 1 },
  },
  {
    what: 'a byte of the first, and the end of the second is cut off',
    damage: (storage) => {
      flip(storage, name, (last[0]?.start ?? 0) + 60);
      const bytes = storage.peek(join(folder, name)) as Buffer;
      storage.poke(join(folder, name), bytes.subarray(0, (last[1]?.end ?? 0) - 10));
    },
    ...{ proven: 1, unproven: 1 },
  },
];

/** Take what is lost from a whole copy, and see what there is then. */
async function mended(storage: MemoryStorage, heads: readonly TreeHead[] = []) {
  const { missing, unprovenCommits } = await mend(storage, closed, { heads });
  expect(missing).toBeUndefined();
  await finish(storage);
  const { survey } = await diagnoseChain(storage, folder);
  expect(survey.damages).toEqual([]);
  return { size: survey.place.commit, unproven: unprovenCommits };
}

describe.each(damages)('$what', ({ damage, proven, unproven }) => {
  test('without a footer what is proven is taken, and what is not is told, and taken by a head', async () => {
    const storage = open.clone();
    damage(storage);
    const known = storage.clone();
    const size = world.placed.length - 2 + proven;
    expect(await mended(storage)).toEqual({ size, unproven });
    expect((await verify(storage)).violation).toBeUndefined();
    const whole = { size: world.placed.length, unproven: 0 };
    expect(await mended(known, [head])).toEqual(whole);
    expect(await expectWhole(world, known)).toEqual([]);
  });

  test('a footer proves both', async () => {
    const storage = closed.clone();
    const footer = (storage.peek(join(folder, name)) as Buffer).subarray(last[1]?.end);
    expect(footer.length).toBeGreaterThan(0);
    damage(storage);
    const left = storage.peek(join(folder, name)) as Buffer;
    // One whose end is cut off is followed by it all the same.
    if (left.length < (last[1]?.end ?? 0)) {
      storage.poke(join(folder, name), Buffer.concat([left, footer]));
    }
    expect(await mended(storage)).toEqual({ size: world.placed.length, unproven: 0 });
    expect(await expectWhole(world, storage)).toEqual([]);
  });
});
