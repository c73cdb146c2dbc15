import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordSplitter, type SplitRule } from './record-splitter.ts';

const lines: SplitRule = { kind: 'separator', byte: 0x0a };
const zeros: SplitRule = { kind: 'separator', byte: 0 };

function split(rule: SplitRule, chunks: readonly Buffer[], recordBytesMax = 1000): Buffer[] {
  const splitter = new RecordSplitter(rule, recordBytesMax);
  const records = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  const last = splitter.end();
  return last === undefined ? records : [...records, last];
}

const splitText = (rule: SplitRule, ...chunks: string[]) =>
  split(
    rule,
    chunks.map((chunk) => Buffer.from(chunk)),
  ).map((record) => record.toString());

test('a line an event, the last one without its newline too', () => {
  expect(splitText(lines, 'one\ntwo\n')).toEqual(['one', 'two']);
  expect(splitText(lines, 'one\ntwo')).toEqual(['one', 'two']);
  expect(splitText(lines, '')).toEqual([]);
  expect(splitText(lines, '\n')).toEqual(['']);
  expect(splitText(lines, 'a\n\nb\n')).toEqual(['a', '', 'b']);
});

test('a carriage return is kept, and so is a newline between zero bytes', () => {
  expect(splitText(lines, 'one\r\ntwo\r\n')).toEqual(['one\r', 'two\r']);
  expect(splitText(zeros, 'a\nb\0c')).toEqual(['a\nb', 'c']);
});

test('chunks may end anywhere', () => {
  expect(splitText(lines, 'on', 'e', '\n', 'two\nth', 'ree')).toEqual(['one', 'two', 'three']);
  expect(splitText({ kind: 'size', bytes: 3 }, 'a', 'bcd', 'efg')).toEqual(['abc', 'def', 'g']);
  expect(splitText({ kind: 'size', bytes: 2 }, 'abcd')).toEqual(['ab', 'cd']);
});

/** Bytes, and where to cut them. */
const cutBytes = fc
  .tuple(
    fc.uint8Array({ maxLength: 60, max: 12 }),
    fc.array(fc.nat(60), { maxLength: 6 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([bytes, cuts, size]) => {
    const whole = Buffer.from(bytes);
    const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length];
    places.sort((a, b) => a - b);
    const chunks = places.slice(1).map((end, index) => whole.subarray(places[index], end));
    return { whole, chunks, size };
  });

test('whatever the chunks, the records are those of the whole, and nothing is lost', () => {
  fc.assert(
    fc.property(cutBytes, ({ whole, chunks, size }) => {
      for (const byte of [0x0a, 0]) {
        const rule: SplitRule = { kind: 'separator', byte };
        const records = split(rule, chunks);
        expect(records).toEqual(split(rule, [whole]));
        expect(records.every((record) => !record.includes(byte))).toBe(true);
        const joined = Buffer.concat(records.flatMap((record) => [record, Buffer.of(byte)]));
        const ended =
          whole.length > 0 && whole.at(-1) !== byte
            ? Buffer.concat([whole, Buffer.of(byte)])
            : whole;
        expect(joined).toEqual(ended);
      }
      const pieces = split({ kind: 'size', bytes: size }, chunks);
      expect(Buffer.concat(pieces)).toEqual(whole);
      expect(pieces.slice(0, -1).every((piece) => piece.length === size)).toBe(true);
      expect(pieces.length).toBe(Math.ceil(whole.length / size));
    }),
  );
});

test('a line at the limit passes; one beyond it is named, after those before it', () => {
  const text = `${'a'.repeat(10)}\n${'b'.repeat(11)}\n`;
  for (const chunks of [[text], [...text]]) {
    const splitter = new RecordSplitter(lines, 10);
    const records: string[] = [];
    const run = () => {
      for (const chunk of chunks) {
        for (const record of splitter.push(Buffer.from(chunk))) records.push(record.toString());
      }
    };
    expect(run).toThrow(/^line 2 of the input is larger than 10 bytes/);
    expect(records).toEqual(['a'.repeat(10)]);
  }
});

test('a line that never ends is refused before it fills the memory', () => {
  const splitter = new RecordSplitter(zeros, 100);
  const push = () => {
    for (let n = 0; n < 11; n += 1) [...splitter.push(Buffer.alloc(10, 1))];
  };
  expect(push).toThrow(/^record 1 of the input/);
});
