import { expect, test } from 'vitest';
import { frame, runBytesMax } from '../bytes/index.ts';
import { frameBatch, isFrame, readVarint } from './framing.ts';

const event = frame(1, Buffer.alloc(200, 1));
const seal = frame(2, Buffer.alloc(9, 2));
const commit = frame(3, Buffer.alloc(70, 3));
const batch = Buffer.concat([event, event, seal, commit]);

test('a batch is found where it is, whatever is around it', () => {
  const bytes = Buffer.concat([Buffer.alloc(5), batch, Buffer.alloc(3)]);
  const runEnd = 5 + batch.length - commit.length;
  expect(frameBatch(bytes, 5)).toEqual({
    start: 5,
    gap: undefined,
    runStart: 5,
    runEnd,
    commitStart: runEnd + 2,
    end: 5 + batch.length,
    events: 2,
  });
});

test('a batch that ends too early is short, at every length', () => {
  for (let length = 0; length < batch.length; length += 1) {
    expect(frameBatch(batch.subarray(0, length), 0)).toMatchObject({ short: true });
  }
});

test.each([
  ['a seal without events', [seal, commit]],
  ['a commit without a seal', [event, commit]],
  ['two seals', [event, seal, seal, commit]],
  ['an event behind the seal', [event, seal, event, commit]],
  ['another field', [event, frame(4, Buffer.alloc(3)), seal, commit]],
  ['zeros', [Buffer.alloc(100)]],
  ['a length that is not the shortest', [Buffer.from([0x0a, 0x83, 0x00, 1, 2, 3]), seal, commit]],
  ['a length beyond four bytes', [Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x01])]],
  ['a length beyond a batch', [Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x02])]],
  ['a commit that is too large', [event, seal, frame(3, Buffer.alloc(512))]],
])('%s is no batch', (_, pieces) => {
  const found = frameBatch(Buffer.concat(pieces), 0);
  expect(isFrame(found)).toBe(false);
  expect(found).toMatchObject({ short: false });
});

test('a run may be as large as the limit, and no larger', () => {
  const largest = frame(1, Buffer.alloc(runBytesMax - 5 - seal.length));
  expect(isFrame(frameBatch(Buffer.concat([largest, seal, commit]), 0))).toBe(true);
  expect(isFrame(frameBatch(Buffer.concat([largest, frame(2, Buffer.alloc(10)), commit]), 0))).toBe(
    false,
  );
});

test('lengths are read in their shortest form only', () => {
  const read = (...bytes: number[]) => readVarint(Buffer.from(bytes), 0, bytes.length);
  expect(read(0)).toEqual({ value: 0, next: 1 });
  expect(read(0x80, 0x01, 9)).toEqual({ value: 128, next: 2 });
  expect(read(0xff, 0xff, 0xff, 0x7f)).toEqual({ value: 2 ** 28 - 1, next: 4 });
  expect(read(0x80)).toBeUndefined();
  expect(read(0x80, 0x00)).toBeUndefined();
  expect(read(0xff, 0xff, 0xff, 0xff, 0x01)).toBeUndefined();
});
