import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventHeaderBytesMax, FieldWriter, frame } from '../bytes/index.ts';
import { hashTags, taggedHash } from '../crypto/index.ts';
import { buildEvent, buildEvents, buildGenesisEvent, type EventInput } from './build-event.ts';

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const anyEvent: fc.Arbitrary<EventInput> = fc.record({
  kind: fc.constantFrom('data', 'tombstone'),
  primaryKey: id,
  parent: optional(id),
  collection: optional(id),
  type: optional(fc.string({ maxLength: 85 })),
  replyTo: optional(id),
  timeUnixMs: optional(fc.maxSafeNat()),
  data: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
  salt: id,
});

/** An event field by field, its header's own hash included. */
function slowly(input: EventInput) {
  const header = new FieldWriter()
    .fixed32(1, 0x01564541)
    .varint(2, input.kind === 'data' ? 2 : 3)
    .bytes(3, input.primaryKey)
    .bytes(4, input.parent)
    .bytes(5, input.collection)
    .string(12, input.type ?? '')
    .bytes(13, input.replyTo)
    .varint(14, input.timeUnixMs ?? 0)
    .bytes(30, taggedHash(hashTags.data, input.salt, input.data))
    .varint(31, input.data.length)
    .finish();
  const event = new FieldWriter().bytes(1, header).bytes(2, input.data).bytes(3, input.salt);
  return { header, frame: frame(1, event.finish()) };
}

test('events that are built together are those built one by one, field by field', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 20 }), (inputs) => {
      const expected = inputs.map(slowly);
      expect(buildEvents(inputs)).toEqual(expected);
      expect(inputs.map(buildEvent)).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('inputs of a wrong size are refused by their names', () => {
  const good = { kind: 'data', primaryKey: Buffer.alloc(16), data: Buffer.alloc(0) } as const;
  const bad = [
    { ...good, salt: Buffer.alloc(15) },
    { ...good, salt: Buffer.alloc(16), type: 'ä'.repeat(128) },
  ];
  expect(() => buildEvents(bad.slice(0, 1))).toThrow(/salt is 15 bytes, and must be 16/);
  expect(() => buildEvents(bad.slice(1))).toThrow(/type is longer than 255 bytes/);
  expect(
    buildEvent({ ...good, salt: Buffer.alloc(16), type: 't'.repeat(255) }).header,
  ).toHaveLength(5 + 2 + 18 + 258 + 35);
});

test('a genesis is built up to the limit of headers', () => {
  expect(buildGenesisEvent(Buffer.alloc(eventHeaderBytesMax)).header).toHaveLength(
    eventHeaderBytesMax,
  );
  expect(() => buildGenesisEvent(Buffer.alloc(eventHeaderBytesMax + 1))).toThrow(
    'is 65537 bytes, and 65536 is the limit',
  );
});
