import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reopenLog, testOwner } from '../../test/support/log-fixture.ts';
import {
  filesOf,
  folder,
  repairTampered,
  type SmallChain,
  smallChain,
  survey,
} from '../../test/support/repair-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { parseSegmentName, segmentName } from './layout.ts';

/** A sample of places in the short run, each one in the long run. */
const isDue = (at: number): boolean => at % rounds({ short: 53, long: 1 }) === 0;

/** Says of a place in a segment's file how many batches are whole before it: all, in its header or footer. */
async function wholeBefore(chain: SmallChain, state: 'open' | 'closed') {
  const { sound } = await survey(chain[state]);
  const log = await reopenLog(testOwner('/logs', { storage: chain.closed.clone() }));
  const starts = await Promise.all(chain.batches.map((_, commit) => log.positionOfCommit(commit)));
  await log.close();
  return (path: string, offset: number): number => {
    const part = sound.find(({ segment }) => segment === parseSegmentName(path));
    const isInBatch = part !== undefined && offset >= part.header.length && offset < part.end;
    if (!isInBatch) return chain.batches.length;
    return starts.findLastIndex(
      (start) => start.segment === part.segment && start.offset <= offset,
    );
  };
}

function flipped(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[offset] = (changed[offset] as number) ^ (1 << (offset % 8));
  return changed;
}

const shapes = [
  { what: 'one segment after a crash', state: 'open', segmentBytesMax: undefined },
  { what: 'one segment that was closed', state: 'closed', segmentBytesMax: undefined },
  { what: 'several segments after a crash', state: 'open', segmentBytesMax: 512 },
  { what: 'several segments that were closed', state: 'closed', segmentBytesMax: 512 },
] as const;

test.each(shapes)(
  '$what: any byte of any file is flipped, and the repair keeps what is before it',
  async ({ state, segmentBytesMax }) => {
    const chain = await smallChain(segmentBytesMax);
    const expectedAt = await wholeBefore(chain, state);
    let repaired = 0;
    let at = 0;
    for (const [path, bytes] of await filesOf(chain[state])) {
      for (let offset = 0; offset < bytes.length; offset += 1, at += 1) {
        if (!isDue(at)) continue;
        const storage = chain[state].clone();
        storage.poke(join(folder, path), flipped(bytes, offset));
        const { survey: found, kept } = await repairTampered(storage, chain.batches);
        expect(kept, `${path} at ${offset}`).toBe(expectedAt(path, offset));
        if (found === undefined) continue;
        if (found.damages.length > 0) {
          repaired += 1;
          expect(found.damages.map(({ file }) => file)).toContain(path);
        }
      }
    }
    expect(repaired).toBeGreaterThan(3);
  },
  300_000,
);

test.each(shapes)(
  '$what: any file is cut at any length, emptied, doubled and removed',
  async ({ state, segmentBytesMax }) => {
    const chain = await smallChain(segmentBytesMax);
    const lastName = segmentName((await survey(chain[state])).sound.length - 1);
    let at = 0;
    for (const [path, bytes] of await filesOf(chain[state])) {
      const lengths = [...bytes.keys()].filter(() => isDue(at++));
      const others = [Buffer.alloc(0), Buffer.alloc(bytes.length), Buffer.concat([bytes, bytes])];
      const changes = [
        ...lengths.map((length) => bytes.subarray(0, length)),
        // One of these for each file in the short run.
        ...[...others, undefined].filter(
          (_, which) => (at + which) % rounds({ short: 4, long: 1 }) === 0,
        ),
      ];
      for (const change of changes) {
        const storage = chain[state].clone();
        if (change === undefined) await storage.remove(join(folder, path));
        else storage.poke(join(folder, path), change);
        const isEndCut = path === lastName && change !== undefined && change.length < bytes.length;
        await repairTampered(storage, chain.batches, { isEndCut });
      }
    }
  },
  300_000,
);

test('any two files are swapped, and any one takes the place of another', async () => {
  const chain = await smallChain(512);
  const files = [...(await filesOf(chain.closed))];
  expect(files.length).toBeGreaterThan(8);
  let at = 0;
  for (const [one, oneBytes] of files) {
    for (const [other, otherBytes] of files) {
      at += 1;
      if (one === other || at % rounds({ short: 7, long: 1 }) !== 0) continue;
      const storage = chain.closed.clone();
      storage.poke(join(folder, other), oneBytes);
      if (one < other) await repairTampered(storage.clone(), chain.batches);
      storage.poke(join(folder, one), otherBytes);
      await repairTampered(storage, chain.batches);
    }
  }
}, 60_000);
