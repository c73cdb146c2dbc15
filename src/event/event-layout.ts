// Where the parts of a batch's events lie in its run: numbers in one array, so that a batch of thousands needs no object
// an event. All offsets count from the start of the run; 0, where an event never begins a part, says that it has none.

/** Numbers an event. */
export const layoutStride = 13;

/** Places of the numbers of one event. */
export const layoutOf = {
  headerStart: 0,
  headerEnd: 1,
  dataStart: 2,
  dataEnd: 3,
  saltStart: 4,
  keyStart: 5,
  hashStart: 6,
  /** The size that the header says. Beyond 2^32 - 1, which no run can hold: that. */
  dataBytes: 7,
  /** A number of `atedb.v1.EventKind`. */
  kind: 8,
  /** 1 where the header says what the chain is. */
  isGenesis: 9,
  /** A number of `atedb.v1.DataState`; 0 for none. */
  dataState: 10,
  parentStart: 11,
  /** A sum of `eventMarks`. */
  marks: 12,
} as const;

/** What is to be looked into of an event, beside what its layout says. */
export const eventMarks = {
  /** It says something of rights and keys: rules, public keys, wrapped keys, a move, roots, a change of a key, the answer of an auth service, a new identity. */
  authority: 1,
  /** Its data is sealed. */
  sealed: 2,
  /** It names keys that sign besides the writer's, or an author. */
  signers: 4,
  /** It says what its primary key is made from. */
  label: 8,
} as const;

/** Number of `atedb.v1.EventKind` of events with data. */
export const kindData = 2;
const kindTombstone = 3;

/** Whether events of a kind, by its number, write the object that they name, or say only something of it. */
export function writesObject(kind: number): boolean {
  return kind === kindData || kind === kindTombstone;
}

/** Bytes of data and salt that an event has, which is the one at this place of a layout. */
export function dataBytesAt(layout: Uint32Array, index: number): number {
  const at = index * layoutStride;
  const start = layout[at + layoutOf.dataStart] as number;
  const data = (layout[at + layoutOf.dataEnd] as number) - start;
  return layout[at + layoutOf.saltStart] === 0 ? data : data + saltBytes;
}

const parentTag = 0x22;
const collectionTag = 0x2a;
const typeTag = 0x62;
const saltBytes = 16;
const dataStateTag = 0x20;
/** A number of `atedb.v1.DataState`. */
const dropped = 3;
/** Another one. */
const expired = 4;
const keyBytes = 16;
const hashBytes = 32;
/** `AEV` and the version, as the header's first field has it. */
const magicBytes = [0x0d, 0x41, 0x45, 0x56, 0x01] as const;

/**
 * Find the parts of an event of the usual shape in one walk: a data event or a tombstone in clear, with a primary key,
 * and at most a parent, a collection, a short type in ASCII and a time beside; its data may have been dropped. Whatever it finds is in the strict form; what it doesn't know it leaves to
 * `checkStrict`, which defines that form, and which a test holds this against.
 *
 * @param start where the Event message begins in the run, and `end` where it ends.
 * @param at where its numbers go in the layout.
 * @returns whether it is of that shape. If not, the numbers mean nothing.
 */
export function findUsualEvent(
  run: Buffer,
  start: number,
  end: number,
  layout: Uint32Array,
  at: number,
): boolean {
  // Event: the header, the data, the salt.
  if (end - start < 64 || run[start] !== 0x0a) return false;
  let length = run[start + 1] as number;
  let headerStart = start + 2;
  if (length >= 0x80) {
    const high = run[headerStart] as number;
    if (high === 0 || high >= 0x80) return false;
    length = (length & 0x7f) | (high << 7);
    headerStart += 1;
  }
  const headerEnd = headerStart + length;
  layout[at + layoutOf.headerStart] = headerStart;
  layout[at + layoutOf.headerEnd] = headerEnd;
  layout[at + layoutOf.isGenesis] = 0;
  layout[at + layoutOf.marks] = 0;
  const state = run[headerEnd + 1];
  const isGone = run[headerEnd] === dataStateTag && (state === dropped || state === expired);
  if (isGone && headerEnd + 2 === end) {
    layout[at + layoutOf.dataStart] = 0;
    layout[at + layoutOf.dataEnd] = 0;
    layout[at + layoutOf.saltStart] = 0;
    layout[at + layoutOf.dataState] = state;
    return findUsualHeader(run, headerStart, headerEnd, layout, at);
  }
  const saltTag = end - saltBytes - 2;
  if (headerEnd > saltTag || run[saltTag] !== 0x1a || run[saltTag + 1] !== saltBytes) return false;
  let dataStart = saltTag;
  if (headerEnd < saltTag) {
    if (run[headerEnd] !== 0x12) return false;
    dataStart = smallLengthEnd(run, headerEnd + 1, saltTag);
    if (dataStart === 0) return false;
  }
  layout[at + layoutOf.dataStart] = dataStart;
  layout[at + layoutOf.dataEnd] = saltTag;
  layout[at + layoutOf.saltStart] = saltTag + 2;
  layout[at + layoutOf.dataState] = 0;
  return findUsualHeader(run, headerStart, headerEnd, layout, at);
}

/** As `findUsualEvent`, for the EventHeader. */
function findUsualHeader(
  run: Buffer,
  start: number,
  end: number,
  layout: Uint32Array,
  at: number,
): boolean {
  for (let index = 0; index < 5; index += 1) {
    if (run[start + index] !== magicBytes[index]) return false;
  }
  const kind = run[start + 6] as number;
  if (run[start + 5] !== 0x10 || (kind !== kindData && kind !== kindTombstone)) return false;
  if (run[start + 7] !== 0x1a || run[start + 8] !== keyBytes) return false;
  layout[at + layoutOf.kind] = kind;
  layout[at + layoutOf.keyStart] = start + 9;
  let next = start + 9 + keyBytes;
  layout[at + layoutOf.parentStart] = 0;
  if (run[next] === parentTag) {
    if (run[next + 1] !== keyBytes) return false;
    layout[at + layoutOf.parentStart] = next + 2;
    next += 2 + keyBytes;
  }
  if (run[next] === collectionTag) {
    if (run[next + 1] !== keyBytes) return false;
    next += 2 + keyBytes;
  }
  if (run[next] === typeTag) {
    next = asciiEnd(run, next + 1, end);
    if (next === 0) return false;
  }
  if (run[next] === 0x70) {
    next = varintEnd(run, next + 1, end);
    if (next === 0) return false;
  }
  if (run[next] !== 0xf2 || run[next + 1] !== 0x01 || run[next + 2] !== hashBytes) return false;
  layout[at + layoutOf.hashStart] = next + 3;
  next += 3 + hashBytes;
  layout[at + layoutOf.dataBytes] = 0;
  if (next === end) return true;
  if (next > end || run[next] !== 0xf8 || run[next + 1] !== 0x01) return false;
  // A size of up to four bytes is more than a run can hold.
  let size = 0;
  let scale = 1;
  for (let index = next + 2; index < end && index < next + 6; index += 1) {
    const byte = run[index] as number;
    size += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    layout[at + layoutOf.dataBytes] = size;
    // As short as it can be, and not its default.
    return byte !== 0 && index + 1 === end;
  }
  return false;
}

/**
 * Where the content begins of a field whose length stands at `at`, if it is of up to four bytes, as short as can be, not 0,
 * and the field ends at `end`; else 0.
 */
function smallLengthEnd(run: Buffer, at: number, end: number): number {
  let length = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = run[at + index] as number;
    length |= (byte & 0x7f) << (7 * index);
    if (byte >= 0x80) continue;
    if (byte === 0) return 0;
    const start = at + index + 1;
    return start + length === end ? start : 0;
  }
  return 0;
}

/** Where a varint ends that is as short as can be, not 0, and surely below 2^53: of up to seven bytes; else 0. */
function varintEnd(run: Buffer, at: number, end: number): number {
  for (let index = at; index < at + 7 && index < end; index += 1) {
    const byte = run[index] as number;
    if (byte >= 0x80) continue;
    return byte === 0 ? 0 : index + 1;
  }
  return 0;
}

/** Where a string ends whose length stands at `at`, if it is of 1 to 127 characters of ASCII; else 0. */
function asciiEnd(run: Buffer, at: number, end: number): number {
  const length = run[at] as number;
  const stop = at + 1 + length;
  if (length === 0 || length >= 0x80 || stop > end) return 0;
  for (let index = at + 1; index < stop; index += 1) {
    if ((run[index] as number) >= 0x80) return 0;
  }
  return stop;
}
