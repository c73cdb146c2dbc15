import { randomBytes } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventSchema, SealHeaderSchema } from '../../gen/atedb/v1/event_pb.js';
import { LogSegmentSchema } from '../../gen/atedb/v1/log_pb.js';
import { batchEventsMax, eventHeaderBytesMax, FieldWriter, frame } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { parseBatch } from './batch.ts';
import { buildEvent, type EventInput } from './build-event.ts';
import { encodeCommit, encodeCommitHeader } from './commit.ts';
import { type Precondition, sealBatch, signBatch } from './seal.ts';
import { parseSealOfRun } from './seal-view.ts';
import { splitSlice } from './slice.ts';

const key = KeyPair.generate();
const writer = {
  chainId: randomBytes(32),
  fingerprint: key.publicKey.fingerprint,
  salt: randomBytes(16),
};

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const anyEvent: fc.Arbitrary<EventInput> = fc.record({
  kind: fc.constant('data' as const),
  primaryKey: id,
  parent: fc.option(id, { nil: undefined }),
  collection: fc.option(id, { nil: undefined }),
  type: fc.option(fc.string({ minLength: 1, maxLength: 40 }), { nil: undefined }),
  replyTo: fc.option(id, { nil: undefined }),
  timeUnixMs: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  data: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  salt: id,
});
const anyCondition: fc.Arbitrary<Precondition> = fc.oneof(
  fc.record({ kind: fc.constant('chain_unchanged' as const), sinceSequence: fc.nat() }),
  fc.record({ kind: fc.constant('lands_before' as const), sequence: fc.integer({ min: 1 }) }),
  fc.record({
    kind: fc.constant('fence' as const),
    primaryKey: id,
    token: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
);

async function runOf(inputs: EventInput[], preconditions: Precondition[] = []) {
  const events = inputs.map((input) => buildEvent(input));
  const sealed = sealBatch({
    writer,
    counter: 3,
    previous: randomBytes(32),
    eventHeaders: events.map((event) => event.header),
    asOf: { size: 9, root: randomBytes(32) },
    preconditions,
  });
  const run = await signBatch(
    events.map((event) => event.frame),
    sealed,
    [key],
  );
  return { run, sealed };
}

test('what is built is what is read, and the stubs read the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 1, maxLength: 5 }),
      fc.array(anyCondition, { maxLength: 3 }),
      async (inputs, preconditions) => {
        const { run, sealed } = await runOf(inputs, preconditions);
        const batch = parseBatch(run);
        expect(batch.seal.hash).toEqual(sealed.hash);
        expect(batch.seal.preconditions).toEqual(preconditions);
        expect(parseSealOfRun(run)).toEqual(batch.seal);
        batch.events.forEach((event, index) => {
          const { kind, primaryKey, parent, collection, type, replyTo, timeUnixMs, data, salt } =
            inputs[index] as EventInput;
          expect(event.header).toMatchObject({
            kind,
            primaryKey,
            parent,
            collection,
            type,
            replyTo,
            timeUnixMs,
            dataBytes: data.length,
          });
          expect(event.data).toEqual(data);
          expect(event.salt).toEqual(salt);
        });
        const decoded = fromBinary(LogSegmentSchema, run);
        expect(Buffer.from(toBinary(LogSegmentSchema, decoded))).toEqual(run);
        const header = fromBinary(SealHeaderSchema, batch.seal.headerBytes);
        expect(Buffer.from(toBinary(SealHeaderSchema, header))).toEqual(sealed.header);
      },
    ),
    { numRuns: 50 },
  );
});

const oneEvent: EventInput = {
  kind: 'data',
  primaryKey: Buffer.alloc(16, 1),
  data: Buffer.from('x'),
  salt: Buffer.alloc(16, 2),
};

test('every byte of a batch that is changed, cut or doubled is refused, or read in one way only', async () => {
  const { run } = await runOf([oneEvent, oneEvent]);
  const signatureStart = run.length - 3373;
  for (let at = 0; at < run.length; at += at < signatureStart ? 1 : 97) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = Buffer.from(run);
      changed[at] = (changed[at] ?? 0) ^ change;
      try {
        parseBatch(changed);
      } catch {
        continue;
      }
      // What is accepted has one encoding: the stubs make the same bytes of it.
      const again = toBinary(LogSegmentSchema, fromBinary(LogSegmentSchema, changed));
      expect(Buffer.from(again)).toEqual(changed);
    }
    expect(() => parseBatch(run.subarray(0, at))).toThrow();
  }
});

test('a batch is events, then one seal, and nothing else', async () => {
  const { run } = await runOf([oneEvent]);
  const seal = run.subarray(buildEvent(oneEvent).frame.length);
  const event = buildEvent(oneEvent).frame;
  expect(() => parseBatch(Buffer.alloc(0))).toThrow(/no events/);
  expect(() => parseBatch(event)).toThrow(/no seal/);
  expect(() => parseBatch(seal)).toThrow(/no events/);
  expect(() => parseBatch(Buffer.concat([run, event]))).toThrow(/follows its seal/);
  expect(() => parseBatch(Buffer.concat([run, seal]))).toThrow(/follows its seal/);
  expect(() => parseBatch(Buffer.concat([event, frame(5, Buffer.alloc(0)), seal]))).toThrow(
    /field 5/,
  );
});

test('events in a batch are limited', () => {
  const event = frame(1, Buffer.from(toBinary(EventSchema, create(EventSchema, {}))));
  const tooMany = Buffer.concat(Array.from({ length: batchEventsMax + 1 }, () => event));
  // Each is refused for itself before the limit is: the count is what `limit` and `limit + 1` of valid ones meet.
  expect(() => parseBatch(tooMany)).toThrow(/header/);
  const valid = buildEvent(oneEvent).frame;
  const overLimit = Buffer.concat(Array.from({ length: batchEventsMax + 1 }, () => valid));
  expect(() => parseBatch(overLimit)).toThrow(/more than 16384 events/);
});

test.each([
  // No header that is in order can be so long: within the limit it is refused for what it is.
  [eventHeaderBytesMax, /magic|tag|field/],
  [eventHeaderBytesMax + 1, /its header is 65537 bytes, and 65536 is the limit/],
])('an event with a header of %i bytes is refused: %s', (bytes, why) => {
  const event = frame(1, new FieldWriter().bytes(1, Buffer.alloc(bytes)).finish());
  expect(() => parseBatch(event)).toThrow(why);
});

test('a batch that is too large is refused before it is looked at', () => {
  expect(() => parseBatch(Buffer.alloc(3.75 * 1024 * 1024 + 1))).toThrow(/is the limit/);
});

test('an unknown magic, a kind without a number and a wrong id length are refused', () => {
  const event = (header: Buffer) => frame(1, new FieldWriter().bytes(1, header).finish());
  const cases = [
    new FieldWriter().fixed32(1, 0x02564541).varint(2, 2).finish(),
    new FieldWriter().fixed32(1, 0x01564541).varint(2, 11).finish(),
    new FieldWriter().fixed32(1, 0x01564541).varint(2, 2).bytes(3, Buffer.alloc(15)).finish(),
  ];
  for (const header of cases) expect(() => parseBatch(event(header))).toThrow(/event 0/);
});

test('a slice splits into its batches, and anything else is refused', async () => {
  const stored: Buffer[] = [];
  for (let commit = 0; commit < 3; commit += 1) {
    const { run, sealed } = await runOf([oneEvent]);
    const header = encodeCommitHeader({
      commit,
      firstSequence: commit,
      events: 1,
      timeUnixMs: 5,
      sealHash: sealed.hash,
    });
    stored.push(run, encodeCommit({ run, header, treeRoot: undefined, durableOffset: 100 }));
  }
  const slice = Buffer.concat(stored);
  const batches = splitSlice(slice);
  expect(batches.map(({ commit }) => commit.commit)).toEqual([0, 1, 2]);
  expect(batches.map(({ run }) => run)).toEqual([stored[0], stored[2], stored[4]]);
  expect(batches.at(-1)?.end).toBe(slice.length);
  expect(splitSlice(Buffer.alloc(0))).toEqual([]);
  expect(() => splitSlice(slice.subarray(0, slice.length - 1))).toThrow();
  expect(() => splitSlice(stored[0] as Buffer)).toThrow(/ends inside/);
  expect(() => splitSlice(stored[1] as Buffer)).toThrow(/field 3 at offset 0/);
});
