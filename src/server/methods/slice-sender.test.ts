import { expect, onTestFinished, test, vi } from 'vitest';
import { frame } from '../../bytes/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { FramedMessage, type Sendable } from '../framed-message.ts';
import type { SendingCall } from '../method.ts';
import { SliceMemory, sliceBytesMax } from '../slice-memory.ts';
import { SliceSender } from './slice-sender.ts';

const start: Position = { segment: 0, generation: 0, offset: 0, commit: 0, sequence: 0 };

const { signal } = new AbortController();
const someMemory = () => new SliceMemory({ bytesMax: 16 * 1024 * 1024 });

/** A log that has nothing but this slice, in a file or in memory. */
function logOf(slice: Buffer, isAtTail = false): ChainLog {
  const readSlice: ChainLog['readSlice'] = async (_, { memoryFor }) => {
    if (isAtTail || memoryFor === undefined) return { bytes: slice, next: start };
    const into = await memoryFor(slice.length);
    into.set(slice);
    return { bytes: into.subarray(0, slice.length), next: start };
  };
  return { isAtTail: () => isAtTail, readSlice } as Partial<ChainLog> as ChainLog;
}

/** A transport that takes messages when it is told to, and only then looks at their bytes. */
function slowCall() {
  const waiting: { readonly framed: FramedMessage; readonly taken: () => void }[] = [];
  const sent: Buffer[] = [];
  const send = (message: Sendable) => {
    if (!(message instanceof FramedMessage)) throw new Error('a slice is sent framed');
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ framed: message, taken: resolve });
    return promise;
  };
  const take = () => {
    const next = waiting.shift();
    if (next === undefined) throw new Error('nothing was sent');
    sent.push(Buffer.from(next.framed.message));
    next.taken();
  };
  return { call: { send, signal } as Partial<SendingCall> as SendingCall, waiting, sent, take };
}

async function sendSlice(slices: SliceSender, log: ChainLog): Promise<void> {
  await slices.send((await slices.read(log, start)).bytes);
}

const sizes = [1, 127, 128, 20_000, sliceBytesMax, sliceBytesMax + 1];

test.each(sizes)('a slice of %i bytes is sent as it is, wherever it lies', async (size) => {
  const { call, sent, take } = slowCall();
  const slices = new SliceSender(call, someMemory());
  const slice = Buffer.alloc(size, 'slice');
  for (const log of [logOf(slice), logOf(slice, true), logOf(slice)]) {
    await sendSlice(slices, log);
    take();
  }
  expect(sent).toEqual(Array(3).fill(frame(2, slice)));
});

test('the next slice is read while one is sent, and the one after waits until it is', async () => {
  const { call, waiting, sent, take } = slowCall();
  const slices = new SliceSender(call, someMemory());
  const texts = ['the first', 'another, longer slice', 'third', 'the last but one', 'last'];
  let begun = 0;
  const sendAll = async () => {
    for (const text of texts) {
      await sendSlice(slices, logOf(Buffer.from(text)));
      begun += 1;
    }
    await slices.finish();
  };
  const done = sendAll();
  for (const place of texts.keys()) {
    await new Promise(setImmediate);
    expect(begun).toBe(place + 1);
    expect(waiting.length).toBe(1);
    take();
  }
  await done;
  expect(sent).toEqual(texts.map((text) => frame(2, Buffer.from(text))));
});

test('memory is used again, and none is held when all was sent', async () => {
  const { call, waiting, take } = slowCall();
  const memory = someMemory();
  const slices = new SliceSender(call, memory);
  const memories = new Set<ArrayBufferLike>();
  for (let count = 0; count < 6; count += 1) {
    await sendSlice(slices, logOf(Buffer.from('a slice')));
    memories.add((waiting[0] as (typeof waiting)[0]).framed.bytes.buffer);
    take();
  }
  await slices.finish();
  expect(memories.size).toBe(1);
  expect(memory.budget.used).toBe(0);
});

test('a reader that takes nothing holds one slice: what was read ahead is given back, and read again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { call, sent, take } = slowCall();
  const memory = someMemory();
  using slices = new SliceSender(call, memory);
  await sendSlice(slices, logOf(Buffer.from('one')));
  const held = memory.budget.used;
  const { bytes } = await slices.read(logOf(Buffer.from('two')), start);
  expect(memory.budget.used).toBe(2 * held);
  const isSent = slices.send(bytes);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(memory.budget.used).toBe(held);
  take();
  expect(await isSent).toBe(false);
  expect(memory.budget.used).toBe(0);
  await sendSlice(slices, logOf(Buffer.from('two')));
  take();
  expect(sent).toEqual(['one', 'two'].map((text) => frame(2, Buffer.from(text))));
});

test('the first slice is small, and a reader that takes it gets large ones', async () => {
  const { call, take } = slowCall();
  const slices = new SliceSender(call, someMemory());
  const asked: number[] = [];
  const log = logOf(Buffer.from('a slice'));
  const { readSlice } = log;
  log.readSlice = (position, options) => {
    asked.push(options.bytesMax / 1024);
    return readSlice(position, options);
  };
  for (let count = 0; count < 5; count += 1) {
    await sendSlice(slices, log);
    take();
    await slices.finish();
  }
  expect(asked).toEqual([64, 256, 256, 256, 256]);
});

test('where memory is short, slices are small and nothing is read ahead; where there is none, reading waits', async () => {
  const memory = new SliceMemory({ bytesMax: 200_000 });
  const first = slowCall();
  const second = slowCall();
  const third = slowCall();
  await sendSlice(new SliceSender(first.call, memory), logOf(Buffer.from('one')));
  await sendSlice(new SliceSender(second.call, memory), logOf(Buffer.from('two')));
  await sendSlice(new SliceSender(third.call, memory), logOf(Buffer.from('three')));
  const fourth = slowCall();
  const slices = new SliceSender(fourth.call, memory);
  const sending = sendSlice(slices, logOf(Buffer.from('four')));
  await new Promise(setImmediate);
  expect(fourth.waiting).toHaveLength(0);
  second.take();
  await sending;
  expect(fourth.waiting).toHaveLength(1);
  fourth.take();
  await slices.finish();
});

test('at the tail one message counts once, however many are sent it', async () => {
  const { call, take } = slowCall();
  const memory = someMemory();
  const log = logOf(Buffer.from('one batch'), true);
  for (let count = 0; count < 3; count += 1) await sendSlice(new SliceSender(call, memory), log);
  await new Promise(setImmediate);
  const held = memory.budget.used;
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(50);
  take();
  take();
  await new Promise(setImmediate);
  expect(memory.budget.used).toBe(held);
  take();
  await new Promise(setImmediate);
  expect(memory.budget.used).toBe(0);
});

test('in the tunnel, where each is sent a copy of its own, each counts', async () => {
  const { call, take } = slowCall();
  const sealed = { ...call, exporter: Buffer.alloc(32) };
  const memory = someMemory();
  const slice = Buffer.alloc(100_000);
  for (const log of [logOf(slice, true), logOf(slice, true), logOf(slice)]) {
    await sendSlice(new SliceSender(sealed, memory), log);
  }
  await new Promise(setImmediate);
  // Of the last one also what was read.
  expect(memory.budget.used).toBeGreaterThan(5 * slice.length);
  for (let count = 0; count < 3; count += 1) take();
  await new Promise(setImmediate);
  expect(memory.budget.used).toBe(0);
});

test('a slice may be cut short', async () => {
  const { call, sent, take } = slowCall();
  const slices = new SliceSender(call, someMemory());
  const { bytes } = await slices.read(logOf(Buffer.from('a long slice')), start);
  await slices.send(bytes.subarray(0, 6));
  take();
  expect(sent).toEqual([frame(2, Buffer.from('a long'))]);
});

test('at the tail all are sent one message, and each slice its own', async () => {
  const memory = Buffer.from('one batch, another batch');
  const { call, waiting, sent, take } = slowCall();
  const first = logOf(memory.subarray(0, 9), true);
  const second = logOf(memory.subarray(11), true);
  const both = logOf(memory, true);
  for (const log of [first, first, second, first, both]) {
    await sendSlice(new SliceSender(call, someMemory()), log);
  }
  const [one, same] = waiting;
  expect(one?.framed).toBe(same?.framed);
  for (let count = 0; count < 5; count += 1) take();
  const due = ['one batch', 'one batch', 'another batch', 'one batch', 'one batch, another batch'];
  expect(sent).toEqual(due.map((text) => frame(2, Buffer.from(text))));
});

test('what the transport refuses ends the next send', async () => {
  const refused = new Error('the call is over');
  const send = () => Promise.reject(refused);
  const slices = new SliceSender(
    { send, signal } as Partial<SendingCall> as SendingCall,
    someMemory(),
  );
  await sendSlice(slices, logOf(Buffer.from('a slice')));
  await expect(sendSlice(slices, logOf(Buffer.from('another')))).rejects.toBe(refused);
  await expect(slices.finish()).rejects.toBe(refused);
});
