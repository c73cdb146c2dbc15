import { type DomainName, MalformedDnsError } from './domain-name.ts';
import { type DnsQuestion, type DnsRecord, readPlainName, recordTypes } from './message.ts';

/** A signature of a set of records (RFC 4034, 3.1). */
export interface RecordSignature {
  readonly typeCovered: number;
  readonly algorithm: number;
  /** Labels of the name that was signed, without a wildcard's `*`: fewer than the name's where a wildcard was filled in. */
  readonly labels: number;
  /** In seconds. */
  readonly originalTtl: number;
  /** Seconds since 1970, modulo 2^32. */
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signer: DomainName;
  readonly signature: Buffer;
  /** What of it is signed: all but the signature. */
  readonly head: Buffer;
}

/** The records of one name and type, and what signs them. */
export interface RecordSet extends DnsQuestion {
  /** In seconds: the shortest. */
  readonly ttl: number;
  /** Data of each, without repetitions, in the canonical order (RFC 4034, 6.3). */
  readonly data: readonly Buffer[];
  readonly signatures: readonly RecordSignature[];
}

const signatureHeadBytes = 18;

/** The set of one name and type among records; undefined: there is none. @throws MalformedDnsError for a signature that is none. */
export function recordSet(
  records: readonly DnsRecord[],
  { name, type }: DnsQuestion,
): RecordSet | undefined {
  const own = records.filter((record) => record.name.equals(name));
  const found = own.filter((record) => record.type === type);
  if (found.length === 0) return undefined;
  const sorted = found.map(({ data }) => data).sort(Buffer.compare);
  return {
    name,
    type,
    ttl: Math.min(...found.map(({ ttl }) => ttl)),
    data: sorted.filter((data, at) => at === 0 || !sorted[at - 1]?.equals(data)),
    signatures: own
      .filter((record) => record.type === recordTypes.RRSIG)
      .map(({ data }) => readSignature(data))
      .filter(({ typeCovered }) => typeCovered === type),
  };
}

/** The sets of one type among records, each once. */
export function recordSetsOf(records: readonly DnsRecord[], type: number): RecordSet[] {
  // By their names first: each set looks at its own records alone.
  const byName = Map.groupBy(records, ({ name }) => name.text);
  return [...byName.values()]
    .map((own) => recordSet(own, { name: (own[0] as DnsRecord).name, type }))
    .filter((set) => set !== undefined);
}

function readSignature(data: Buffer): RecordSignature {
  if (data.length < signatureHeadBytes) throw new MalformedDnsError('a signature ends too early');
  const { name: signer, end } = readPlainName(data, signatureHeadBytes);
  return {
    typeCovered: data.readUInt16BE(0),
    algorithm: data.readUInt8(2),
    labels: data.readUInt8(3),
    originalTtl: data.readUInt32BE(4),
    expiration: data.readUInt32BE(8),
    inception: data.readUInt32BE(12),
    keyTag: data.readUInt16BE(16),
    signer,
    signature: data.subarray(end),
    // The signer's name is in small letters there, whatever was sent.
    head: Buffer.concat([data.subarray(0, signatureHeadBytes), signer.wire]),
  };
}

/** The labels of a name that its signatures count: all but a leading `*` (RFC 4034, 3.1.3). */
export function countedLabels(name: DomainName): number {
  return name.labels.length - (name.isWildcard ? 1 : 0);
}

/** What a signature of a set is over (RFC 4034, 3.1.8.1): the wildcard's name where one was filled in. */
export function signedBytes(set: RecordSet, signature: RecordSignature): Buffer {
  const isExpanded = signature.labels < countedLabels(set.name);
  const owner = isExpanded ? set.name.last(signature.labels).child('*') : set.name;
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16BE(set.type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(signature.originalTtl, 4);
  const records = set.data.flatMap((data) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(data.length);
    return [owner.wire, fixed, length, data];
  });
  return Buffer.concat([signature.head, ...records]);
}
