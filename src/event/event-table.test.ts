import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventHeaderSchema, EventSchema } from '../../gen/atedb/v1/event_pb.js';
import { expectLocated } from '../../test/support/located.ts';
import {
  hostileMessages,
  messages,
  mutate,
  mutations,
  serialise,
} from '../../test/support/random-messages.ts';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError, FieldLocator, FieldWriter, frame } from '../bytes/index.ts';
import { parseBatch } from './batch.ts';
import { buildEvent } from './build-event.ts';
import { eventFields } from './event-table.ts';
import { eventForm, eventHeaderForm } from './forms.ts';

const forms = [
  [eventForm, EventSchema, new FieldLocator(eventForm)],
  [eventHeaderForm, EventHeaderSchema, new FieldLocator(eventHeaderForm)],
] as const;

test('events and headers, good, spoilt and hostile, are judged as the table-driven check does', () => {
  for (const [form, schema, locator] of forms) {
    fc.assert(
      fc.property(messages(schema), hostileMessages(schema), mutations, (init, hex, changes) => {
        const message = serialise(schema, init);
        expectLocated(form, locator, message);
        expectLocated(form, locator, changes.reduce(mutate, message));
        expectLocated(form, locator, Buffer.from(hex, 'hex'));
      }),
      { numRuns: 1_000 },
    );
  }
});

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));

test('events that writers build are accepted, and spoilt ones judged alike', () => {
  const input = fc.record({
    kind: fc.constantFrom('data' as const, 'tombstone' as const),
    primaryKey: id,
    parent: fc.option(id, { nil: undefined }),
    type: fc.option(fc.string({ minLength: 1, maxLength: 80 }), { nil: undefined }),
    timeUnixMs: fc.option(fc.maxSafeNat(), { nil: undefined }),
    data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    salt: id,
  });
  fc.assert(
    fc.property(input, mutations, (event, changes) => {
      const { header, frame: framed } = buildEvent(event);
      const envelope = framed.subarray(framed.length < 130 ? 2 : 3);
      for (const [index, message] of [envelope, header].entries()) {
        const [form, , locator] = forms[index] as (typeof forms)[number];
        expect(expectLocated(form, locator, message)).toBe(true);
        expectLocated(form, locator, changes.reduce(mutate, message));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a table and its views say the same', async () => {
  const events = [
    testEvent('one', { type: 'greeting', parent: Buffer.alloc(16, 4), timeUnixMs: 2 ** 41 }),
    testEvent('', { kind: 'tombstone' }),
    testEvent('x'.repeat(300), { replyTo: Buffer.alloc(16, 8) }),
  ];
  const { run } = await new TestWriter(randomBytes(32)).make(events);
  const { table, events: views } = parseBatch(run);
  expect(table.count).toBe(3);
  views.forEach((view, index) => {
    const { header } = view;
    expect(view.headerBytes).toEqual(events[index]?.header);
    expect(table.kind(index)).toBe(header.kind);
    expect(table.slice(index, eventFields.primaryKey)).toEqual(header.primaryKey);
    expect(table.text(index, eventFields.type)).toBe(header.type);
    expect(table.has(index, eventFields.type)).toBe(header.type !== undefined);
    expect(table.number(index, eventFields.timeUnixMs)).toBe(header.timeUnixMs ?? 0);
    expect(table.bytesOf(index, eventFields.data)).toBe(view.data.length);
    expect(table.number(index, eventFields.dataBytes)).toBe(header.dataBytes);
    expect(header.isGenesis).toBe(false);
  });
  expect(views.map(({ header }) => header.type)).toEqual(['greeting', undefined, undefined]);
  expect(views[0]?.header.timeUnixMs).toBe(2 ** 41);
  const { batch } = await testGenesis();
  expect(parseBatch(batch.run).events[0]?.header).toMatchObject({
    kind: 'genesis',
    isGenesis: true,
  });
});

test('a refusal says which event it is about, and where in its message', async () => {
  const { run } = await new TestWriter(randomBytes(32)).make([testEvent('a'), testEvent('b')]);
  const good = testEvent('a').frame;
  const header = new FieldWriter().fixed32(1, 0x01564541).varint(2, 2).varint(14, 0).finish();
  const bad = Buffer.concat([header, Buffer.of(14 * 8, 0)]);
  const spoilt = frame(1, new FieldWriter().bytes(1, bad).finish());
  try {
    parseBatch(Buffer.concat([good, spoilt, run]));
  } catch (error) {
    expect(error).toBeInstanceOf(AtedbError);
    expect(error).toMatchObject({
      reason: 'NON_CANONICAL',
      metadata: { event_index: '1', where: 'EventHeader.time_unix_ms', offset: '7' },
    });
    return;
  }
  expect.unreachable();
});
