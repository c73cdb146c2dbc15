import { expect, test } from 'vitest';
import { type EventFormat, eventJson, eventPrinter, type PrintedEvent } from './event-lines.ts';

const event: PrintedEvent = {
  sequence: 7,
  kind: 'data',
  primaryKey: Buffer.alloc(16, 0xab),
  parent: undefined,
  collection: undefined,
  type: undefined,
  replyTo: undefined,
  committedUnixMs: 1_700_000_000_123,
  data: Buffer.from('hello \u001b[31m\n'),
};
const genesis: PrintedEvent = {
  ...event,
  kind: 'genesis',
  primaryKey: Buffer.alloc(0),
  data: Buffer.alloc(0),
};
const tombstone: PrintedEvent = { ...event, kind: 'tombstone', data: Buffer.alloc(0) };
const plain: EventFormat = { json: false, text: false, zeros: false, terminal: false };

const printed = (shown: PrintedEvent, format: Partial<EventFormat>) =>
  eventPrinter({ ...plain, ...format })(shown)?.toString('latin1');

test('into a pipe go the bytes of the data, and a newline or a zero byte', () => {
  const binary = { ...event, data: Buffer.of(0xff, 0, 0x0d) };
  expect(printed(event, {})).toBe('hello \u001b[31m\n\n');
  expect(printed(binary, { zeros: true })).toBe('\u00ff\0\r\0');
  expect(printed({ ...event, data: Buffer.alloc(0) }, {})).toBe('\n');
});

test('a terminal gets nothing that could drive it', () => {
  expect(printed(event, { terminal: true })).toBe('hello \\u001b[31m\\n\n');
  const binary = { ...event, data: Buffer.of(0xff, 0x0d) };
  expect(printed(binary, { terminal: true, zeros: true })).toBe('<2 bytes: ff0d>\n');
});

test('only data events are printed, unless as JSON', () => {
  for (const other of [genesis, tombstone]) {
    expect(printed(other, {})).toBe(undefined);
    expect(printed(other, { terminal: true })).toBe(undefined);
    expect(printed(other, { json: true })).toContain(`"kind":"${other.kind}"`);
  }
});

test('JSON holds what there is, in a fixed order', () => {
  expect(eventJson(event, false)).toBe(
    '{"sequence":7,"key":"abababababababababababababababab","kind":"data",' +
      '"time":"2023-11-14T22:13:20.123Z","data":"aGVsbG8gG1szMW0K"}',
  );
  expect(eventJson(genesis, true)).toBe(
    '{"sequence":7,"kind":"genesis","time":"2023-11-14T22:13:20.123Z"}',
  );
  const full = { ...event, type: 'line', parent: Buffer.alloc(16, 1), data: Buffer.alloc(0) };
  expect(JSON.parse(eventJson(full, false))).toEqual({
    sequence: 7,
    key: 'ab'.repeat(16),
    kind: 'data',
    type: 'line',
    time: '2023-11-14T22:13:20.123Z',
    parent: '01'.repeat(16),
    data: '',
  });
});

test('data is text where that is asked for and possible', () => {
  expect(JSON.parse(eventJson(event, true))).toMatchObject({ text: 'hello \u001b[31m\n' });
  expect(JSON.parse(eventJson(event, true))).not.toHaveProperty('data');
  const binary = { ...event, data: Buffer.of(0xc3) };
  expect(JSON.parse(eventJson(binary, true))).toMatchObject({ data: 'ww==' });
  expect(JSON.parse(eventJson(binary, true))).not.toHaveProperty('text');
});

test('data that could not be opened is not printed, and told in JSON without data', () => {
  const readKeyId = Buffer.alloc(32, 1);
  const holders = [Buffer.alloc(32, 2)];
  const sealed = {
    ...event,
    data: Buffer.alloc(0),
    sealed: { readKeyId, state: 'no key', holders },
  } as const;
  for (const format of [{}, { zeros: true }, { terminal: true }]) {
    expect(printed(sealed, format)).toBeUndefined();
  }
  const told = JSON.parse(eventJson(sealed, true));
  expect(told).not.toHaveProperty('data');
  expect(told).not.toHaveProperty('text');
  expect(told.sealed).toEqual({
    readKeyId: readKeyId.toString('hex'),
    state: 'no key',
    holders: [Buffer.alloc(32, 2).toString('hex')],
  });
  const opened = { ...event, sealed: { readKeyId, state: 'open', holders: [] } } as const;
  expect(printed(opened, {})).toBe('hello \u001b[31m\n\n');
  expect(JSON.parse(eventJson(opened, true))).toMatchObject({
    text: 'hello \u001b[31m\n',
    sealed: { readKeyId: readKeyId.toString('hex'), state: 'open' },
  });
});
