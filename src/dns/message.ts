import { DomainName, MalformedDnsError } from './domain-name.ts';

/** Types of records that are known here (IANA, "Resource Record (RR) TYPEs"). */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
} as const;

/** The name of a type, for people. */
export function typeName(type: number): string {
  return Object.entries(recordTypes).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}

/** The one class that there is in practice, IN. */
export const internetClass = 1;

/** One record. */
export interface DnsRecord {
  readonly name: DomainName;
  readonly type: number;
  /** In seconds. */
  readonly ttl: number;
  /** In the canonical form (RFC 4034, 6.2), for the types that are known here; of others as it was sent. */
  readonly data: Buffer;
}

/** What is asked. */
export interface DnsQuestion {
  readonly name: DomainName;
  readonly type: number;
}

/** What a name server answers. */
export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  /** More was to be said than had room: ask over TCP. */
  readonly isTruncated: boolean;
  readonly responseCode: number;
  readonly questions: readonly DnsQuestion[];
  /** Records of other classes are left out. */
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

const headerBytes = 12;
/** Bytes of an answer over UDP that networks carry in one piece (RFC 9715). */
const udpBytesMax = 1232;
const flagAnswer = 0x80_00;
const opcodeMask = 0x78_00;
const flagTruncated = 0x02_00;
const flagRecursionDesired = 0x01_00;
const flagCheckingDisabled = 0x00_10;
const flagDnssecOk = 0x80_00;

/**
 * Write a query, with EDNS (RFC 6891).
 * @param wantsSignatures whether signatures and proofs are to come along, also of what the name server finds wrong itself.
 */
export function writeQuery(
  { name, type }: DnsQuestion,
  { id, wantsSignatures }: { readonly id: number; readonly wantsSignatures: boolean },
): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flagRecursionDesired | (wantsSignatures ? flagCheckingDisabled : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const question = Buffer.alloc(4);
  question.writeUInt16BE(type, 0);
  question.writeUInt16BE(internetClass, 2);
  const options = Buffer.alloc(11);
  options.writeUInt16BE(recordTypes.OPT, 1);
  options.writeUInt16BE(udpBytesMax, 3);
  options.writeUInt16BE(wantsSignatures ? flagDnssecOk : 0, 7);
  return Buffer.concat([header, name.wire, question, options]);
}

/** Read a message. Its size bounds the work. @throws MalformedDnsError for anything that is none. */
export function readMessage(bytes: Buffer): DnsMessage {
  const reader = new MessageReader(bytes);
  const id = reader.uint16();
  const flags = reader.uint16();
  const [questions, answers, authorities] = [reader.uint16(), reader.uint16(), reader.uint16()];
  // What is additional isn't looked at: nothing there is answered or signed.
  reader.uint16();
  if ((flags & opcodeMask) !== 0) throw new MalformedDnsError('it is no answer to a query');
  const message = {
    id,
    isAnswer: (flags & flagAnswer) !== 0,
    isTruncated: (flags & flagTruncated) !== 0,
    responseCode: flags & 0x0f,
    questions: repeated(questions, () => reader.question()),
  };
  // What was truncated may end in the middle of a record.
  if (message.isTruncated) return { ...message, answers: [], authorities: [] };
  return {
    ...message,
    answers: repeated(answers, () => reader.record()).filter(isDefined),
    authorities: repeated(authorities, () => reader.record()).filter(isDefined),
  };
}

/** Read a name that no compression may shorten, as in the data of signatures. @returns it, and where it ends. */
export function readPlainName(bytes: Buffer, start: number): { name: DomainName; end: number } {
  return readName(bytes, start, false);
}

function repeated<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read);
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

class MessageReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint16(): number {
    return this.#take(2).readUInt16BE();
  }

  question(): DnsQuestion {
    const name = this.#name();
    const type = this.uint16();
    if (this.uint16() !== internetClass) throw new MalformedDnsError('its class is not IN');
    return { name, type };
  }

  /** @returns undefined for a record of another class. */
  record(): DnsRecord | undefined {
    const name = this.#name();
    const type = this.uint16();
    const isInternet = this.uint16() === internetClass;
    const ttl = this.#take(4).readUInt32BE();
    const length = this.uint16();
    const start = this.#at;
    const data = this.#take(length);
    if (!isInternet) return undefined;
    // A time that is negative counts as none (RFC 2181, 8).
    return {
      name,
      type,
      ttl: ttl > 0x7fff_ffff ? 0 : ttl,
      data: this.#canonical(type, start, data),
    };
  }

  /** Names in data are compressed in these types only (RFC 3597, 4); of those, only aliases are of use here. */
  #canonical(type: number, start: number, data: Buffer): Buffer {
    if (type !== recordTypes.CNAME && type !== recordTypes.DNAME) return Buffer.from(data);
    const { name, end } = readName(this.#bytes, start, true);
    if (end !== start + data.length) throw new MalformedDnsError('an alias is no name');
    return name.wire;
  }

  #name(): DomainName {
    const { name, end } = readName(this.#bytes, this.#at, true);
    this.#at = end;
    return name;
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new MalformedDnsError('it ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function readName(
  bytes: Buffer,
  start: number,
  mayBeCompressed: boolean,
): { name: DomainName; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  // A pointer leads to what is before it, and before where the one before led, so that none leads round in a circle.
  let pointersBelow = start;
  let nameBytes = 1;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw new MalformedDnsError('a name ends too early');
    if (length === 0) break;
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined || !mayBeCompressed) {
        throw new MalformedDnsError('a name is compressed where it may not be, or ends too early');
      }
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | low;
      if (at >= pointersBelow) throw new MalformedDnsError('a pointer of a name leads onwards');
      pointersBelow = at;
      continue;
    }
    if (length > 63 || at + 1 + length > bytes.length) {
      throw new MalformedDnsError('a label of a name is longer than what there is');
    }
    nameBytes += 1 + length;
    if (nameBytes > 255) throw new MalformedDnsError('a name is longer than 255 bytes');
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: DomainName.of(labels), end: end ?? at + 1 };
}
