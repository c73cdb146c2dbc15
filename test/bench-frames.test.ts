import { expect, test } from 'vitest';
import { FrameReader } from '../bench/http2/frame-reader.ts';
import {
  cutFrames,
  type Frames,
  frameFlags,
  frameOf,
  frameTypes,
  messageFrames,
} from '../bench/http2/frames.ts';
import { MessageReader } from '../bench/http2/message-reader.ts';

/** What a reader makes of bytes that come in pieces of a size. */
function readInPieces(bytes: Buffer, pieceBytes: number) {
  const messages: string[] = [];
  const frames: string[] = [];
  let ended = 0;
  const reader = new MessageReader((message) => messages.push(message.toString('hex')));
  const frameReader = new FrameReader({
    onData: (stream, part) => {
      if (stream !== 7) throw new Error(`the data is said to be of stream ${stream}`);
      reader.push(part);
    },
    onDataEnd: (_, flags) => {
      if (flags === frameFlags.endStream) ended += 1;
    },
    onFrame: (type, _, stream, payload) => frames.push(`${type} ${stream} ${payload}`),
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // The memory of a piece is used again, as a connection's is.
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes));
    frameReader.push(piece);
    piece.fill(0xff);
  }
  return { messages, frames, ended };
}

test('messages and frames are the same, however they are cut', () => {
  const sent = [0, 1, 16_379, 16_380, 40_000].map((length) => Buffer.alloc(length, length % 251));
  const framed = sent.map((message, index) => messageFrames(7, message, index === sent.length - 1));
  const ping = frameOf(frameTypes.ping, 0, 0, Buffer.from('12345678'));
  const bytes = Buffer.concat(framed.flatMap((message) => [message.bytes, ping]));
  const whole = readInPieces(bytes, bytes.length);
  expect(whole.messages).toEqual(sent.map((message) => message.toString('hex')));
  expect(whole.frames).toEqual(sent.map(() => '6 0 12345678'));
  expect(whole.ended).toBe(1);
  for (const pieceBytes of [1, 2, 3, 7, 9, 10, 14, 4_096, 16_393, 16_394]) {
    expect(readInPieces(bytes, pieceBytes)).toEqual(whole);
  }
  // Windows count payloads alone: a message with its head of five bytes, in frames with heads of nine.
  expect(framed.map(({ payloadBytes }) => payloadBytes)).toEqual([5, 6, 16_384, 16_385, 40_005]);
  expect(framed.map((message) => message.bytes.length - message.payloadBytes)).toEqual([
    9, 9, 9, 18, 27,
  ]);
});

test('a message larger than what a window has room for goes in whole frames, as many as fit', () => {
  const message = messageFrames(7, Buffer.alloc(50_000, 1));
  for (const room of [16_384, 16_385, 32_768, 50_004, 50_005]) {
    const parts: Buffer[] = [];
    let payloadBytes = 0;
    for (let left: Frames | undefined = message; left !== undefined; ) {
      const { first, rest } = cutFrames(left, room);
      if (first === undefined) throw new Error('nothing fits');
      expect(first.payloadBytes).toBeLessThanOrEqual(room);
      parts.push(first.bytes);
      payloadBytes += first.payloadBytes;
      left = rest;
    }
    expect(Buffer.concat(parts).equals(message.bytes)).toBe(true);
    expect(payloadBytes).toBe(message.payloadBytes);
  }
  for (const room of [-1, 0, 16_383]) {
    expect(cutFrames(message, room)).toEqual({ first: undefined, rest: message });
  }
});
