/** What HTTP/2 (RFC 9113) puts on the wire, as far as a client of gRPC needs it. */

export const frameHeadBytes = 9;
/** Every peer takes frames of this size; larger ones would have to be allowed first. */
export const frameBytesMax = 16_384;
/** The windows of a connection and of its streams, until the other end says otherwise. */
export const windowBytesDefault = 65_535;
/** What gRPC puts before a message: whether it is compressed, and its length. */
export const messageHeadBytes = 5;

export const frameTypes = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const frameFlags = { endStream: 1, acknowledge: 1, endHeaders: 4, padded: 8 } as const;

/** A whole frame. */
export function frameOf(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.length);
  writeFrameHead(bytes, 0, { length: payload.length, type, flags, stream });
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

/** More may be sent to us: on a stream, or on the connection (0). */
export function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(bytes);
  return frameOf(frameTypes.windowUpdate, 0, stream, payload);
}

/** Frames that are ready to be written. */
export interface Frames {
  readonly bytes: Buffer;
  /** What they take of the windows. */
  readonly payloadBytes: number;
}

/** Cut off as many whole frames of a message, from its first one on, as have so many bytes of payload at most. */
export function cutFrames(
  frames: Frames,
  payloadBytes: number,
): { readonly first: Frames | undefined; readonly rest: Frames | undefined } {
  if (frames.payloadBytes <= payloadBytes) return { first: frames, rest: undefined };
  // All but a message's last frame are full.
  const count = Math.floor(payloadBytes / frameBytesMax);
  if (count <= 0) return { first: undefined, rest: frames };
  const cut = count * (frameHeadBytes + frameBytesMax);
  const firstBytes = count * frameBytesMax;
  return {
    first: { bytes: frames.bytes.subarray(0, cut), payloadBytes: firstBytes },
    rest: { bytes: frames.bytes.subarray(cut), payloadBytes: frames.payloadBytes - firstBytes },
  };
}

/** The frames that carry one message of gRPC on a stream. */
export function messageFrames(stream: number, message: Buffer, endStream = false): Frames {
  const bytes = messageHeadBytes + message.length;
  const frames = Math.ceil(bytes / frameBytesMax);
  const out = Buffer.allocUnsafeSlow(bytes + frames * frameHeadBytes);
  const { data } = frameTypes;
  let at = 0;
  for (let sent = 0; sent < bytes; ) {
    const length = Math.min(frameBytesMax, bytes - sent);
    const flags = endStream && sent + length === bytes ? frameFlags.endStream : 0;
    at = writeFrameHead(out, at, { length, type: data, flags, stream });
    const head = sent === 0 ? messageHeadBytes : 0;
    if (head > 0) {
      out[at] = 0;
      out.writeUInt32BE(message.length, at + 1);
    }
    const from = sent === 0 ? 0 : sent - messageHeadBytes;
    out.set(message.subarray(from, sent + length - messageHeadBytes), at + head);
    at += length;
    sent += length;
  }
  return { bytes: out, payloadBytes: bytes };
}

/** The frame that begins a call. */
export function requestHeaders(
  stream: number,
  headers: readonly (readonly [name: string, value: string])[],
): Buffer {
  const block = Buffer.concat(headers.map(([name, value]) => literalHeader(name, value)));
  return frameOf(frameTypes.headers, frameFlags.endHeaders, stream, block);
}

/** HPACK (RFC 7541), 6.2.2: a header in full, for which neither end has to remember anything. */
function literalHeader(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), ...[name, value].map(stringLiteral)]);
}

function stringLiteral(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  // Seven bits of length; a length of 127 or more goes on in groups of seven bits.
  const length: number[] = [];
  if (bytes.length < 127) {
    length.push(bytes.length);
  } else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

function writeFrameHead(
  into: Buffer,
  at: number,
  head: { length: number; type: number; flags: number; stream: number },
): number {
  into.writeUIntBE(head.length, at, 3);
  into[at + 3] = head.type;
  into[at + 4] = head.flags;
  into.writeUInt32BE(head.stream, at + 5);
  return at + frameHeadBytes;
}
