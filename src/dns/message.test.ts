import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DomainName, MalformedDnsError } from './domain-name.ts';
import { readMessage, recordTypes, writeQuery } from './message.ts';
import { recordSet, recordSetsOf } from './record-set.ts';

const question = { name: DomainName.parse('www.example'), type: recordTypes.A };

/** An answer to a query, with bytes behind its question. */
function answer(count: number, records: Buffer, flags = 0x8180): Buffer {
  const bytes = writeQuery(question, { id: 7, wantsSignatures: false });
  const head = bytes.subarray(0, 12 + question.name.wire.length + 4);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(count, 6);
  head.writeUInt16BE(0, 10);
  return Buffer.concat([head, records]);
}

const address = Buffer.from('c00c00010001000000050004c0000201', 'hex');

test('a query asks one thing, and says whether signatures are wanted', () => {
  expect(writeQuery(question, { id: 0x1234, wantsSignatures: true }).toString('hex')).toBe(
    '12340110000100000000000103777777076578616d706c65000001000100002904d0000080000000',
  );
  expect(writeQuery(question, { id: 0, wantsSignatures: false }).toString('hex')).toBe(
    '00000100000100000000000103777777076578616d706c65000001000100002904d0000000000000',
  );
});

test('records of an answer are read, with names that are compressed', () => {
  const alias = Buffer.from('c00c00050001000000050006' + '03667470c010', 'hex');
  const message = readMessage(answer(2, Buffer.concat([address, alias])));
  expect(message).toMatchObject({ id: 7, isAnswer: true, isTruncated: false, responseCode: 0 });
  expect(message.answers.map(({ name, type }) => [name.text, type])).toEqual([
    ['www.example', 1],
    ['www.example', 5],
  ]);
  expect(message.answers[0]?.data).toEqual(Buffer.of(192, 0, 2, 1));
  expect(message.answers[1]?.data).toEqual(DomainName.parse('ftp.example').wire);
});

test('of what is truncated no record is taken', () => {
  expect(readMessage(answer(5, address, 0x8380))).toMatchObject({ isTruncated: true, answers: [] });
});

test('records of other classes are none, and a negative time is no time', () => {
  const chaos = Buffer.from('c00c00010003000000050004c0000201', 'hex');
  const old = Buffer.from('c00c00010001800000000004c0000201', 'hex');
  const { answers } = readMessage(answer(2, Buffer.concat([chaos, old])));
  expect(answers.map(({ ttl }) => ttl)).toEqual([0]);
});

test.each([
  ['a pointer to itself', 'c01d00010001000000050004c0000201'],
  ['a pointer onwards', 'c03000010001000000050004c0000201'],
  ['pointers in a circle', '0161c01d00010001000000050004c0000201'],
  ['a label that is too long', '8061'],
  ['data that ends too early', 'c00c00010001000000050010c0000201'],
  ['a name that ends too early', '0a'],
  ['an alias that is more than a name', 'c00c0005000100000005000400000000'],
])('%s is refused', (_, hex) => {
  expect(() => readMessage(answer(1, Buffer.from(hex, 'hex')))).toThrow(MalformedDnsError);
});

test('a name that compression would make too long is refused', () => {
  // Pointers that each add 63 bytes: to what stands before.
  let records = Buffer.alloc(0);
  let pointer = Buffer.of(0xc0, 12);
  const start = answer(0, records).length;
  for (let at = 0; at < 5; at += 1) {
    const own = start + records.length;
    const label = Buffer.concat([Buffer.of(62), Buffer.alloc(62, 0x61), pointer]);
    records = Buffer.concat([records, label, Buffer.from('00010001000000050004c0000201', 'hex')]);
    pointer = Buffer.of(0xc0 | (own >> 8), own & 0xff);
  }
  expect(() => readMessage(answer(5, records))).toThrow('longer than 255');
});

test('hostile bytes are read or refused, and nothing else happens', () => {
  const whole = answer(2, Buffer.concat([address, address]));
  const spoilt = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 })
    .map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes.writeUInt8(value, at);
      return bytes;
    });
  const cut = fc.nat(whole.length).map((length) => whole.subarray(0, length));
  const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(spoilt, cut, any), (bytes) => {
      try {
        const { answers, authorities } = readMessage(bytes);
        recordSet(answers, question);
        recordSetsOf(authorities, recordTypes.NSEC);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedDnsError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('records that are there twice are there once, in their order', () => {
  const other = Buffer.from('c00c00010001000000030004c0000200', 'hex');
  const { answers } = readMessage(answer(3, Buffer.concat([address, other, address])));
  const set = recordSet(answers, question);
  expect(set?.data.map((data) => data.at(-1))).toEqual([0, 1]);
  expect(set?.ttl).toBe(3);
});
