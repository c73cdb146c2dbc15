/** A field as it lies on the wire, in parts that can be spoilt one by one. */
export interface WireField {
  readonly tag: Buffer;
  /** The length of a length-delimited field; empty for others. */
  readonly length: Buffer;
  readonly payload: Buffer;
}

/** Number and wire type of a field. */
export function tagOf({ tag }: WireField): { number: bigint; wireType: number } {
  const { value } = readVarint(tag, 0) ?? { value: 0n };
  return { number: value >> 3n, wireType: Number(value & 7n) };
}

/** Take bytes apart as a protobuf message would be, without asking for the strict form. Undefined: they are none. */
export function parseFields(bytes: Buffer): WireField[] | undefined {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined || tag.value < 8n) return undefined;
    const valueStart = tag.end;
    const length = Number(tag.value & 7n) === 2 ? readVarint(bytes, valueStart) : undefined;
    const end = endOf(bytes, Number(tag.value & 7n), valueStart, length);
    if (end === undefined || end > bytes.length) return undefined;
    const payloadStart = length?.end ?? valueStart;
    fields.push({
      tag: bytes.subarray(at, valueStart),
      length: bytes.subarray(valueStart, payloadStart),
      payload: bytes.subarray(payloadStart, end),
    });
    at = end;
  }
  return fields;
}

function endOf(
  bytes: Buffer,
  wireType: number,
  start: number,
  length: { value: bigint; end: number } | undefined,
): number | undefined {
  if (wireType === 0) return readVarint(bytes, start)?.end;
  if (wireType === 1) return start + 8;
  if (wireType === 5) return start + 4;
  return length && length.value <= bytes.length ? length.end + Number(length.value) : undefined;
}

/** The bytes of fields, as they are. */
export function joinFields(fields: readonly WireField[]): Buffer {
  return Buffer.concat(fields.flatMap(({ tag, length, payload }) => [tag, length, payload]));
}

/** A length-delimited field with the length that its payload has. */
export function framedField(number: bigint | number, payload: Buffer): WireField {
  return {
    tag: varint((BigInt(number) << 3n) | 2n),
    length: varint(BigInt(payload.length)),
    payload,
  };
}

/** A varint of an integer of 64 bits, as short as can be, with bytes added that change nothing. */
export function varint(value: bigint, bytesMore = 0): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn));
    if (rest < 0x80n) break;
  }
  for (let more = 0; more < bytesMore; more += 1) bytes.push(0);
  return Buffer.from(bytes.map((byte, index) => (index < bytes.length - 1 ? byte | 0x80 : byte)));
}

function readVarint(bytes: Buffer, start: number): { value: bigint; end: number } | undefined {
  let value = 0n;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
