import assert from 'node:assert/strict';

const initialBytes = 256;

/**
 * Appends protobuf fields to a growing buffer, for encoders whose bytes are sealed once.
 *
 * Fields are written in the order of the calls: the caller keeps them ascending, as the strict form has them.
 * Methods leave a field that equals its default out, unless they say otherwise. Integers are JavaScript numbers,
 * and one that is negative, a fraction or beyond its type is a defect of the caller, which is asserted.
 */
export class FieldWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param size bytes to make room for at first; more is made when needed. */
  constructor(size: number = initialBytes) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A uint32, uint64, enum or bool (0 or 1). */
  varint(field: number, value: number): this {
    if (value === 0) return this;
    checkInteger(value, Number.MAX_SAFE_INTEGER);
    this.#reserve(18);
    this.#putVarint(field * 8);
    this.#putVarint(value);
    return this;
  }

  fixed32(field: number, value: number): this {
    return value === 0 ? this : this.fixed32Always(field, value);
  }

  /** Written even when it is 0: for fields with explicit presence. */
  fixed32Always(field: number, value: number): this {
    checkInteger(value, 0xffff_ffff);
    this.#reserve(9);
    this.#putVarint(field * 8 + 5);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
    return this;
  }

  fixed64(field: number, value: number): this {
    if (value === 0) return this;
    checkInteger(value, Number.MAX_SAFE_INTEGER);
    this.#reserve(13);
    this.#putVarint(field * 8 + 1);
    this.#length = this.#bytes.writeUInt32LE(value % 2 ** 32, this.#length);
    this.#length = this.#bytes.writeUInt32LE(Math.floor(value / 2 ** 32), this.#length);
    return this;
  }

  bytes(field: number, value: Buffer | undefined): this {
    return value === undefined || value.length === 0 ? this : this.bytesAlways(field, value);
  }

  /** Written even when it is empty: for elements of repeated fields and those with explicit presence. */
  bytesAlways(field: number, value: Buffer): this {
    this.#reserve(14 + value.length);
    this.#putVarint(field * 8 + 2);
    this.#putVarint(value.length);
    return this.#put(value);
  }

  string(field: number, value: string): this {
    return value === '' ? this : this.bytesAlways(field, Buffer.from(value, 'utf8'));
  }

  /** A serialised message. Written even when it is empty, since it is there all the same. */
  message(field: number, value: Buffer): this {
    return this.bytesAlways(field, value);
  }

  /** What comes before the payload of a length-delimited field, which the caller writes next. */
  head(field: number, payloadBytes: number): this {
    this.#reserve(14);
    this.#putVarint(field * 8 + 2);
    this.#putVarint(payloadBytes);
    return this;
  }

  /** Bytes that are fields already, as they are. */
  raw(value: Buffer): this {
    this.#reserve(value.length);
    return this.#put(value);
  }

  /** What was written: a slice of the writer's own memory, which later calls never change. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #put(value: Buffer): this {
    const bytes = this.#bytes;
    const start = this.#length;
    // Ids and hashes are copied faster than the call of a native copy takes.
    if (value.length <= 32) {
      for (let at = 0; at < value.length; at += 1) bytes[start + at] = value[at] as number;
    } else {
      bytes.set(value, start);
    }
    this.#length = start + value.length;
    return this;
  }

  #putVarint(value: number): void {
    this.#length = putVarint(this.#bytes, this.#length, value);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.finish());
    this.#bytes = grown;
  }
}

/** How many bytes the minimal varint of an integer takes: 1 to 8. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  let bytes = 2;
  for (let bound = 0x4000; value >= bound; bound *= 128) bytes += 1;
  return bytes;
}

/** How many bytes a length-delimited field takes, with its tag and length. */
export function framedBytes(field: number, payloadBytes: number): number {
  return varintBytes(field * 8 + 2) + varintBytes(payloadBytes) + payloadBytes;
}

/** The minimal varint of an integer from 0 to 2^53 - 1. */
export function encodeVarint(value: number): Buffer {
  checkInteger(value, Number.MAX_SAFE_INTEGER);
  const bytes = Buffer.allocUnsafe(varintBytes(value));
  putVarint(bytes, 0, value);
  return bytes;
}

/** A length-delimited field: tag, length and payload. */
export function frame(field: number, payload: Buffer): Buffer {
  const tag = field * 8 + 2;
  const head = varintBytes(tag) + varintBytes(payload.length);
  const bytes = Buffer.allocUnsafe(head + payload.length);
  putVarint(bytes, putVarint(bytes, 0, tag), payload.length);
  bytes.set(payload, head);
  return bytes;
}

/** What comes before the payload of a length-delimited field: its tag and length. */
export function frameHead(field: number, payloadBytes: number): Buffer {
  const tag = field * 8 + 2;
  const head = Buffer.allocUnsafe(varintBytes(tag) + varintBytes(payloadBytes));
  putVarint(head, putVarint(head, 0, tag), payloadBytes);
  return head;
}

/** Write a varint at an offset, and return the offset after it. */
function putVarint(bytes: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  // Bit operations are much faster, and take integers of up to 31 bits.
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function checkInteger(value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  assert.fail(`${value} is not an integer from 0 to ${max}`);
}
