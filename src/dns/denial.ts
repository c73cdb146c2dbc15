import { createHash } from 'node:crypto';
import { type DomainName, MalformedDnsError } from './domain-name.ts';
import { type DnsQuestion, readPlainName, recordTypes } from './message.ts';

// What signed records say about names that aren't there: NSEC (RFC 4035, 5.4), NSEC3 (RFC 5155, 8), and how both are to be read (RFC 6840, 4).
// Whether they are signed is checked before. All of them are of one zone.

/** One span of names of which only the first exists, and which types it has. */
export interface NsecRecord {
  readonly owner: DomainName;
  readonly next: DomainName;
  readonly types: ReadonlySet<number>;
}

/** The same, of hashes of names. */
export interface Nsec3Record {
  /** In base32hex, small letters: the first label of the record's name. */
  readonly ownerHash: string;
  readonly nextHash: string;
  readonly types: ReadonlySet<number>;
  /** Names in the span may exist all the same, and belong to zones that nobody signs. */
  readonly isOptOut: boolean;
  readonly iterations: number;
  readonly salt: Buffer;
}

/** Records of a zone about what it has not: of one kind, the other is empty. */
export interface DenialRecords {
  readonly zone: DomainName;
  readonly nsec: readonly NsecRecord[];
  readonly nsec3: readonly Nsec3Record[];
}

/** Rounds of hashing that are taken: zones have 0 (RFC 9276), more cost only whoever verifies. */
export const nsec3IterationsMax = 100;
const nsec3Sha1 = 1;
const nsec3OptOut = 1;

/** Read the data of an NSEC record (RFC 4034, 4.1). @throws MalformedDnsError. */
export function readNsec(owner: DomainName, data: Buffer): NsecRecord {
  const { name: next, end } = readPlainName(data, 0);
  return { owner, next, types: readTypes(data.subarray(end)) };
}

/**
 * Read an NSEC3 record (RFC 5155, 3).
 *
 * @returns undefined for one that is to be ignored: of another hash, with unknown flags, or too many rounds.
 * @throws MalformedDnsError.
 */
export function readNsec3(owner: DomainName, data: Buffer): Nsec3Record | undefined {
  if (data.length < 5) throw new MalformedDnsError('an NSEC3 record ends too early');
  const [algorithm = 0, flags = 0] = data;
  const iterations = data.readUInt16BE(2);
  const saltEnd = 5 + data.readUInt8(4);
  const nextStart = saltEnd + 1;
  const nextEnd = nextStart + (data[saltEnd] ?? 0);
  const next = data.subarray(nextStart, nextEnd);
  if (nextEnd > data.length || next.length === 0) {
    throw new MalformedDnsError('an NSEC3 record ends too early');
  }
  if (algorithm !== nsec3Sha1 || flags > nsec3OptOut || iterations > nsec3IterationsMax) {
    return undefined;
  }
  return {
    ownerHash: owner.labels[0] ?? '',
    nextHash: base32hex(next),
    types: readTypes(data.subarray(nextEnd)),
    isOptOut: flags === nsec3OptOut,
    iterations,
    salt: data.subarray(5, saltEnd),
  };
}

/** Whether records prove that there is nothing of a name and type, and no alias of that name. */
export function proveAbsence(question: DnsQuestion, records: DenialRecords): boolean {
  return records.nsec.length > 0
    ? nsecProvesAbsence(question, records.nsec)
    : nsec3ProvesAbsence(question, records);
}

/**
 * Whether records prove that a name isn't there, and no wildcard nearer to it than the one that was filled in.
 * @param closestLabels labels of the name above that wildcard's `*`.
 */
export function proveExpansion(
  name: DomainName,
  closestLabels: number,
  records: DenialRecords,
): boolean {
  if (records.nsec.length > 0) {
    return records.nsec.some(
      (one) => covers(one, name) && closestEncloser(one, name).labels.length === closestLabels,
    );
  }
  const hashes = new NameHashes(records);
  const cover = hashes.covering(name.last(closestLabels + 1));
  return cover !== undefined && !cover.isOptOut;
}

function nsecProvesAbsence({ name, type }: DnsQuestion, records: readonly NsecRecord[]): boolean {
  const own = records.find(({ owner }) => owner.equals(name));
  if (own !== undefined) return lacks(own.types, type);
  const cover = records.find((one) => covers(one, name));
  if (cover === undefined) return false;
  // The name has others below it, and nothing of its own.
  if (cover.next.isWithin(name)) return true;
  const wildcard = childOf(closestEncloser(cover, name), '*');
  if (wildcard === undefined) return false;
  const filledIn = records.find(({ owner }) => owner.equals(wildcard));
  if (filledIn !== undefined) return lacks(filledIn.types, type);
  return records.some((one) => covers(one, wildcard));
}

/** Whether a name lies within a span of names that don't exist. */
function covers({ owner, next, types }: NsecRecord, name: DomainName): boolean {
  // The zone above speaks of what is below only as far as it has not passed it on (RFC 6840, 4.1), or renamed it (4.3).
  if (name.isWithin(owner) && (isDelegation(types) || types.has(recordTypes.DNAME))) return false;
  if (owner.compare(name) >= 0) return false;
  // The last one of a zone leads back to its first.
  return name.compare(next) < 0 || (next.compare(owner) <= 0 && name.isWithin(next));
}

/** The nearest name above one that a span covers which exists: it has the span's beginning or its end below it. */
function closestEncloser({ owner, next }: NsecRecord, name: DomainName): DomainName {
  return name.last(Math.max(name.commonLabels(owner), name.commonLabels(next)));
}

function nsec3ProvesAbsence({ name, type }: DnsQuestion, records: DenialRecords): boolean {
  const hashes = new NameHashes(records);
  const own = hashes.matching(name);
  if (own !== undefined) return lacks(own.types, type);
  const encloser = hashes.closestEncloser(name);
  if (encloser === undefined) return false;
  const cover = hashes.covering(name.last(encloser.labels.length + 1));
  if (cover === undefined || cover.isOptOut) return false;
  const wildcard = childOf(encloser, '*');
  if (wildcard === undefined) return false;
  const filledIn = hashes.matching(wildcard);
  if (filledIn !== undefined) return lacks(filledIn.types, type);
  return hashes.covering(wildcard) !== undefined;
}

/** Looks names up by their hashes among records of a zone that share salt and rounds, as all of a zone do. */
class NameHashes {
  readonly #records: readonly Nsec3Record[];
  readonly #zone: DomainName;
  readonly #known = new Map<string, string>();

  constructor({ zone, nsec3 }: DenialRecords) {
    const [first] = nsec3;
    this.#zone = zone;
    this.#records = nsec3.filter(
      ({ salt, iterations }) => first?.salt.equals(salt) && first.iterations === iterations,
    );
  }

  matching(name: DomainName): Nsec3Record | undefined {
    const hash = this.#hash(name);
    return this.#records.find(({ ownerHash }) => ownerHash === hash);
  }

  covering(name: DomainName): Nsec3Record | undefined {
    const hash = this.#hash(name);
    return this.#records.find(({ ownerHash, nextHash }) =>
      ownerHash < nextHash
        ? ownerHash < hash && hash < nextHash
        : hash !== ownerHash && (ownerHash < hash || hash < nextHash),
    );
  }

  /** The nearest name above one that exists in the zone, and is no way out of it. */
  closestEncloser(name: DomainName): DomainName | undefined {
    for (let above = name; above.labels.length > this.#zone.labels.length; ) {
      above = above.parent;
      const found = this.matching(above);
      if (found === undefined) continue;
      const leads = isDelegation(found.types) || found.types.has(recordTypes.DNAME);
      return leads ? undefined : above;
    }
    return undefined;
  }

  #hash(name: DomainName): string {
    const { text } = name;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const [first] = this.#records;
    const hash = first === undefined ? '' : base32hex(nsec3Hash(name, first));
    this.#known.set(text, hash);
    return hash;
  }
}

/** The hash of a name (RFC 5155, 5). */
export function nsec3Hash(
  name: DomainName,
  { salt, iterations }: Pick<Nsec3Record, 'salt' | 'iterations'>,
): Buffer {
  let hash = createHash('sha1').update(name.wire).update(salt).digest();
  for (let round = 0; round < iterations; round += 1) {
    hash = createHash('sha1').update(hash).update(salt).digest();
  }
  return hash;
}

const base32hexDigits = '0123456789abcdefghijklmnopqrstuv';

/** Base32 with the alphabet that keeps the order (RFC 4648, 7), in small letters, without padding. */
export function base32hex(bytes: Buffer): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += base32hexDigits[(value >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + base32hexDigits[(value << (5 - bits)) & 31];
}

/** Whether a name that exists has nothing of a type, and neither an alias nor, unless it is about that, another zone's keys to speak of it. */
function lacks(types: ReadonlySet<number>, type: number): boolean {
  if (types.has(type) || types.has(recordTypes.CNAME)) return false;
  return !isDelegation(types);
}

/** Whether a name is passed on to another zone, of which the one above can say nothing but that. */
function isDelegation(types: ReadonlySet<number>): boolean {
  return types.has(recordTypes.NS) && !types.has(recordTypes.SOA);
}

/** A name with one more label; undefined where that is too long to be one. */
function childOf(name: DomainName, label: string): DomainName | undefined {
  try {
    return name.child(label);
  } catch {
    return undefined;
  }
}

/** A bit map of types (RFC 4034, 4.1.2). */
function readTypes(bytes: Buffer): ReadonlySet<number> {
  const types = new Set<number>();
  let last = -1;
  for (let at = 0; at < bytes.length; ) {
    const block = bytes[at] ?? 0;
    const length = bytes[at + 1] ?? 0;
    const end = at + 2 + length;
    if (block <= last || length < 1 || length > 32 || end > bytes.length) {
      throw new MalformedDnsError('a list of types is none');
    }
    for (let index = 0; index < length * 8; index += 1) {
      const byte = bytes[at + 2 + (index >> 3)] ?? 0;
      if ((byte & (0x80 >> (index & 7))) !== 0) types.add(block * 256 + index);
    }
    last = block;
    at = end;
  }
  return types;
}
