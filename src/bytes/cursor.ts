import { isUtf8 } from 'node:buffer';
import { AtedbError } from './errors.ts';
import { varintBytes } from './writer.ts';

/** Wire types of protobuf that the strict form knows. Groups (3 and 4) it does not. */
export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** Field numbers go from 1 to 2^29 - 1. */
const tagMax = 0xffff_ffff;
/** The eighth byte of a varint adds multiples of 2^49: from 16 of them on, the value is beyond 2^53 - 1. */
const eighthByteMax = 15;

/**
 * Walks the fields of one protobuf message where it lies, without copies and without an object a field.
 *
 * After `next` has returned true, the properties describe the field; they are meaningless before, and after it has
 * returned false. Offsets count from the start of `bytes`. Varints must be minimal and integers at most 2^53 - 1;
 * everything else of the strict form is `checkStrict`'s.
 */
export class FieldCursor {
  /** The field's number. */
  field = 0;
  /** One of `wireTypes`. */
  wireType = 0;
  /** Offset of the field's tag. */
  tagStart = 0;
  /** Offset of the field's value; of the content, without its length, where that is length-delimited. */
  start = 0;
  /** Offset after the field's value; the next field's tag is there. */
  end: number;
  /** The value of a varint or a fixed field; the length of a length-delimited one. */
  value = 0;

  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #name: string;

  /**
   * @param start offset of the message's first byte.
   * @param end offset after its last byte.
   * @param name what to call the message in errors.
   */
  constructor(bytes: Buffer, start = 0, end: number = bytes.length, name = 'the message') {
    this.#bytes = bytes;
    this.#end = end;
    this.#name = name;
    this.end = start;
  }

  /**
   * Go to the next field.
   *
   * @returns false at the message's end.
   * @throws AtedbError NON_CANONICAL, with the offset, where the bytes are cut short, a varint is not minimal, an
   * integer is beyond 2^53 - 1, or a tag is none: field number 0, a group, an unknown wire type.
   */
  next(): boolean {
    const tagStart = this.end;
    const limit = this.#end;
    if (tagStart >= limit) return false;
    const bytes = this.#bytes;
    let at = tagStart;
    let tag = bytes[at] as number;
    if (tag < 0x80) at += 1;
    else {
      tag = readVarint(bytes, at, limit, this.#name);
      at += varintBytes(tag);
    }
    if (tag < 8 || tag > tagMax) throw nonCanonical(this.#name, tagStart, `${tag} is no tag`);
    const field = tag >>> 3;
    const wireType = tag & 7;
    this.tagStart = tagStart;
    this.field = field;
    this.wireType = wireType;
    switch (wireType) {
      case wireTypes.varint:
        this.start = at;
        this.value = readVarint(bytes, at, limit, this.#name);
        this.end = at + varintBytes(this.value);
        return true;
      case wireTypes.lengthDelimited: {
        const length = readVarint(bytes, at, limit, this.#name);
        this.start = at + varintBytes(length);
        this.value = length;
        this.end = this.#within(this.start + length);
        return true;
      }
      case wireTypes.fixed32:
        this.start = at;
        this.end = this.#within(at + 4);
        this.value = readFixed32(bytes, at);
        return true;
      case wireTypes.fixed64:
        this.start = at;
        this.end = this.#within(at + 8);
        this.value = readFixed64(bytes, at, this.#name);
        return true;
      default:
        throw nonCanonical(
          this.#name,
          tagStart,
          `field ${field} has wire type ${wireType}, which is not allowed`,
        );
    }
  }

  /**
   * The content of a length-delimited field: a slice, not a copy.
   *
   * @throws AtedbError NON_CANONICAL where the field is not length-delimited.
   */
  bytesValue(): Buffer {
    this.#requireLengthDelimited();
    return this.#bytes.subarray(this.start, this.end);
  }

  /**
   * The text of a length-delimited field.
   *
   * @throws AtedbError NON_CANONICAL where the field is not length-delimited or not valid UTF-8.
   */
  stringValue(): string {
    this.#requireLengthDelimited();
    if (!isUtf8Range(this.#bytes, this.start, this.end)) {
      throw nonCanonical(this.#name, this.start, `field ${this.field} is not valid UTF-8`);
    }
    return this.#bytes.toString('utf8', this.start, this.end);
  }

  #requireLengthDelimited(): void {
    if (this.wireType !== wireTypes.lengthDelimited) {
      throw nonCanonical(
        this.#name,
        this.tagStart,
        `field ${this.field} has wire type ${this.wireType}, where 2 (length-delimited) was due`,
      );
    }
  }

  #within(end: number): number {
    if (end <= this.#end) return end;
    throw nonCanonical(
      this.#name,
      this.tagStart,
      `field ${this.field} ends ${end - this.#end} bytes beyond its message`,
    );
  }
}

/**
 * Read a minimal varint of at most 2^53 - 1. What it takes follows from its value, see `varintBytes`.
 *
 * @param limit offset that the varint must not reach beyond.
 * @throws AtedbError NON_CANONICAL.
 */
export function readVarint(bytes: Buffer, at: number, limit: number, name: string): number {
  if (at >= limit) throw cutShort(name, at);
  let byte = bytes[at] as number;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 128;
  for (let position = at + 1; position < limit; position += 1) {
    byte = bytes[position] as number;
    if (position === at + 7 && byte > eighthByteMax) {
      throw nonCanonical(name, at, 'an integer is beyond 2^53 - 1, or longer than it need be');
    }
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (byte === 0) throw nonCanonical(name, at, 'a varint is longer than it need be');
      return value;
    }
    scale *= 128;
  }
  throw cutShort(name, at);
}

/** Read a little-endian 32-bit integer; the caller has checked that it is there. */
export function readFixed32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/**
 * Read a little-endian 64-bit integer; the caller has checked that it is there.
 *
 * @throws AtedbError NON_CANONICAL where it is beyond 2^53 - 1.
 */
export function readFixed64(bytes: Buffer, at: number, name: string): number {
  const high = readFixed32(bytes, at + 4);
  if (high > 0x1f_ffff) throw nonCanonical(name, at, 'an integer is beyond 2^53 - 1');
  return high * 2 ** 32 + readFixed32(bytes, at);
}

/** Whether a range holds valid UTF-8. Short ASCII, the usual case, is seen without a native call. */
export function isUtf8Range(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= 64) {
    let at = start;
    while (at < end && (bytes[at] as number) < 0x80) at += 1;
    if (at === end) return true;
  }
  return isUtf8(bytes.subarray(start, end));
}

/** The refusal of bytes that are not in the strict form. */
export function nonCanonical(where: string, offset: number, why: string): AtedbError {
  return new AtedbError(
    'NON_CANONICAL',
    `${where} is not in the strict form: at offset ${offset}, ${why}`,
    {
      metadata: { where, offset: String(offset) },
    },
  );
}

function cutShort(name: string, offset: number): AtedbError {
  return nonCanonical(name, offset, 'it is cut short');
}
