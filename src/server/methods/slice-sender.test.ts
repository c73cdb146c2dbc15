import { expect, test } from 'vitest';
import { frame } from '../../bytes/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { FramedMessage, type Sendable } from '../framed-message.ts';
import type { SendingCall } from '../method.ts';
import { SliceSender, sliceBytesMax } from './slice-sender.ts';

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
  return { call: { send } as Partial<SendingCall> as SendingCall, waiting, sent, take };
}

async function sendSlice(slices: SliceSender, log: ChainLog): Promise<void> {
  await slices.send((await slices.read(log, start)).bytes);
}

const sizes = [1, 127, 128, 20_000, sliceBytesMax, sliceBytesMax + 1];

test.each(sizes)('a slice of %i bytes is sent as it is, wherever it lies', async (size) => {
  const { call, sent, take } = slowCall();
  const slices = new SliceSender(call);
  const slice = Buffer.alloc(size, 'slice');
  for (const log of [logOf(slice), logOf(slice, true), logOf(slice)]) {
    await sendSlice(slices, log);
    take();
  }
  expect(sent).toEqual(Array(3).fill(frame(2, slice)));
});

test('the next slice is read while one is sent, and the one after waits until it is', async () => {
  const { call, waiting, sent, take } = slowCall();
  const slices = new SliceSender(call);
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

test('two slices have memory, however many are sent', async () => {
  const { call, waiting, take } = slowCall();
  const slices = new SliceSender(call);
  const memories = new Set<ArrayBufferLike>();
  for (let count = 0; count < 6; count += 1) {
    await sendSlice(slices, logOf(Buffer.from('a slice')));
    memories.add((waiting[0] as (typeof waiting)[0]).framed.bytes.buffer);
    take();
  }
  expect(memories.size).toBe(2);
});

test('a slice may be cut short', async () => {
  const { call, sent, take } = slowCall();
  const slices = new SliceSender(call);
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
    await sendSlice(new SliceSender(call), log);
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
  const slices = new SliceSender({ send } as Partial<SendingCall> as SendingCall);
  await sendSlice(slices, logOf(Buffer.from('a slice')));
  await expect(sendSlice(slices, logOf(Buffer.from('another')))).rejects.toBe(refused);
  await expect(slices.finish()).rejects.toBe(refused);
});
