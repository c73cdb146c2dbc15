import { type DnsRecord, readMessage } from '../../src/dns/message.ts';

/** Write an answer to a query, of records of one's choice and without compression. */
export function dnsAnswer(
  query: Buffer,
  { answers = [], authorities = [] }: { answers?: DnsRecord[]; authorities?: DnsRecord[] },
): Buffer {
  const [question] = readMessage(query).questions;
  if (question === undefined) throw new Error('the query asks nothing');
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An answer, by somebody who looks things up.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  const asked = query.subarray(12, 12 + question.name.wire.length + 4);
  return Buffer.concat([header, asked, ...[...answers, ...authorities].map(recordBytes)]);
}

/** A record as it is sent. */
export function recordBytes({ name, type, ttl, data }: DnsRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([name.wire, fixed, data]);
}
