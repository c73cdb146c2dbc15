import { expect, test } from 'vitest';
import { frame } from '../../bytes/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { SliceRoom, sliceBytesMax } from './slice-room.ts';

const start: Position = { segment: 0, offset: 0, commit: 0, sequence: 0 };

/** A log that has nothing but this slice, in a file or in memory. */
function logOf(slice: Buffer, isAtTail = false): ChainLog {
  const readSlice: ChainLog['readSlice'] = async (_, { into }) => {
    if (into === undefined || into.length < slice.length) return { bytes: slice, next: start };
    into.set(slice);
    return { bytes: into.subarray(0, slice.length), next: start };
  };
  return { isAtTail: () => isAtTail, readSlice } as Partial<ChainLog> as ChainLog;
}

const sizes = [1, 127, 128, 20_000, sliceBytesMax, sliceBytesMax + 1];

test.each(sizes)('a slice of %i bytes is sent as it is, wherever it lies', async (size) => {
  const room = new SliceRoom();
  const slice = Buffer.alloc(size, 'slice');
  const message = frame(2, slice);
  const send = async (log: ChainLog) => room.message((await room.read(log, start)).bytes);
  expect(await send(logOf(slice))).toEqual(message);
  expect(await send(logOf(slice, true))).toEqual(message);
  room.release();
  expect(await send(logOf(slice))).toEqual(message);
});

test('a slice may be cut short, and the next one overwrites it', async () => {
  const room = new SliceRoom();
  const { bytes } = await room.read(logOf(Buffer.from('a long slice')), start);
  expect(room.message(bytes.subarray(0, 6))).toEqual(frame(2, Buffer.from('a long')));
  const next = await room.read(logOf(Buffer.from('another')), start);
  expect(room.message(next.bytes)).toEqual(frame(2, Buffer.from('another')));
  expect(next.bytes.buffer).toBe(bytes.buffer);
});
