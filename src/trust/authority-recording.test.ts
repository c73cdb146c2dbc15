import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchOf } from '../../test/support/authority/build-batch.ts';
import { begin, decide } from '../../test/support/authority/model-run.ts';
import { anyEvent } from '../../test/support/authority/random-events.ts';
import { rounds } from '../../test/support/scale.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { takeBackAll } from './undo.ts';

/** An event that comes while a recording is made, whether it is taken back, and how many objects are gone through behind it. */
const step = fc.record({ said: anyEvent, isTakenBack: fc.boolean(), objects: fc.nat(2) });

test('what is recorded is what was when the recording was begun, whatever comes while it is made', async () => {
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { maxLength: 20 }),
      fc.array(step, { maxLength: 15 }),
      fc.boolean(),
      async (history, steps, hasEarlier) => {
        const { authority } = begin(['root'], false);
        for (const said of history) decide(authority, await batchOf([said]));
        // One that is never gone on with must not be in the way.
        if (hasEarlier) authority.beginRecording();
        const due = encodeAuthority(authority.record());
        const recording = authority.beginRecording();
        for (const { said, isTakenBack, objects } of steps) {
          const undo = decide(authority, await batchOf([said]));
          if (isTakenBack && Array.isArray(undo)) takeBackAll(undo);
          recording.step(objects);
        }
        if (!due.equals(encodeAuthority(authority.record()))) changed += 1;
        for (let isComplete = false; !isComplete; ) isComplete = recording.step(1);
        const bytes = Buffer.concat(recording.finish());
        const again = encodeAuthority(new Authority(decodeAuthority(bytes)).record());
        expect(again.equals(due)).toBe(true);
        // Nothing is in it twice.
        expect(bytes.length).toBe(due.length);
      },
    ),
    { numRuns: rounds({ short: 400, long: 20_000 }) },
  );
  expect(changed).toBeGreaterThan(20);
});

test('the next recording has what the one before had, and what has come since', async () => {
  const { authority } = begin(['root'], false);
  const write = async (object: string, parent: string) =>
    decide(authority, await batchOf([{ kind: 'data', object, parent, actors: ['root'] }]));
  await write('one', 'above');
  for (const object of ['two', 'three']) {
    const recording = authority.beginRecording();
    await write(object, 'above');
    expect(recording.step(100)).toBe(true);
    recording.finish();
  }
  const recording = authority.beginRecording();
  expect(recording.step(100)).toBe(true);
  const { nodes } = decodeAuthority(Buffer.concat(recording.finish()));
  expect(nodes).toHaveLength(4);
});

test('what goes only since its last child has gone is recorded, and so are those of a recording before that is still being made', async () => {
  const { authority } = begin(['root'], false);
  const write = async (kind: 'data' | 'tombstone', object: string, parent?: string) =>
    decide(authority, await batchOf([{ kind, object, parent, actors: ['root'] }]));
  await write('data', 'one', 'above');
  await write('data', 'two', 'one');
  await write('tombstone', 'one');
  const due = encodeAuthority(authority.record());
  const recordings = [authority.beginRecording(), authority.beginRecording()];
  await write('tombstone', 'two');
  expect(decodeAuthority(encodeAuthority(authority.record())).nodes).toEqual([]);
  for (const recording of recordings) {
    expect(recording.step(100)).toBe(true);
    const held = decodeAuthority(Buffer.concat(recording.finish()));
    expect(held.nodes).toHaveLength(3);
    expect(encodeAuthority(new Authority(held).record()).equals(due)).toBe(true);
  }
});
