import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  appendAll,
  createLog,
  makeBatch,
  readAll,
  reopenLog,
  sameBatches,
  temporaryFolder,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { SegmentFill } from './segment-fill.ts';

const header = 100;

test('a segment is full by its bytes, or by what its events and batches take on opening; one batch it always takes', () => {
  const fill = new SegmentFill({ bytesMax: 1_000, replayMax: 60 });
  fill.begin(header);
  expect(fill.isEmpty).toBe(true);
  expect(fill.hasRoom(5_000, 5_000)).toBe(true);

  fill.add(500, 10);
  expect(fill.isEmpty).toBe(false);
  // Two batches count as 24 events.
  expect([fill.hasRoom(400, 26), fill.hasRoom(400, 27)]).toEqual([true, false]);
  expect([fill.hasRoom(400, 1), fill.hasRoom(401, 1)]).toEqual([true, false]);

  fill.begin(header);
  expect(fill.isEmpty).toBe(true);
  fill.set({ bytes: 300, batches: 3, events: 10 });
  expect([fill.hasRoom(1, 2), fill.hasRoom(1, 3)]).toEqual([true, false]);
});

test('behind a large state a segment takes more, so that states are not most of what is written', () => {
  const fill = new SegmentFill({ bytesMax: 1_000_000, replayMax: 60 });
  fill.begin(header);
  fill.beginsWith([Buffer.alloc(6_000), Buffer.alloc(400)]);
  fill.add(500, 10);
  expect([fill.hasRoom(1, 66), fill.hasRoom(1, 67)]).toEqual([true, false]);
});

test('a log rolls by what opening takes, and goes on counting where it was opened', async () => {
  const owner = testOwner(temporaryFolder(), { segmentReplayMax: 5 * (12 + 2) });
  const batches = Array.from({ length: 12 }, (_, place) => makeBatch([40, 10], 1_000 + place));
  const log = await createLog(owner);
  await appendAll(log, batches.slice(0, 3));
  await log.close();
  const again = await reopenLog(owner);
  expect(owner.handed).toHaveLength(3);
  await appendAll(again, batches.slice(3));
  expect(sameBatches(await readAll(again), batches)).toBe(true);
  await again.close();
  const names = readdirSync(owner.options.folder).filter((name) => name.startsWith('segment-'));
  expect(names).toHaveLength(3);
  // Each holds five, and the last one two.
  owner.handed.length = 0;
  await (await reopenLog(owner)).close();
  expect(owner.handed.map(({ commit }) => commit)).toEqual([10, 11]);
});
