import { AtedbError, checkStrict, FieldCursor, FieldWriter, frameHead } from '../bytes/index.ts';
import { aesGcmTagBytes } from '../crypto/index.ts';
import { frameInvalid } from './errors.ts';
import { callRequestForm, callResponseForm, frameTypes } from './forms.ts';

// Frames as messages: CallRequest and CallResponse, whose fields are the same but for their numbers.

/** Who sends. Its number is in what frames are bound to. */
export type Sender = 'client' | 'server';

/** What a frame is: a number of `atedb.v1.FrameType`. */
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** A frame as it came. */
export interface SealedFrame {
  readonly type: FrameType;
  /** With its tag. */
  readonly ciphertext: Buffer;
  /** Of a first frame: what is random in it. */
  readonly random: Buffer | undefined;
  /** Of a first frame of a client: the session's id. */
  readonly sessionId: Buffer | undefined;
  /** And the number of the call. */
  readonly call: number;
}

const layouts = {
  client: { form: callRequestForm, random: 3, type: 4, ciphertext: 5 },
  server: { form: callResponseForm, random: 1, type: 2, ciphertext: 3 },
} as const;

/** What comes before the ciphertext of a frame. @param opening the fields that a first frame has more than others. */
export function frameHeading(
  sender: Sender,
  type: FrameType,
  payloadBytes: number,
  opening: Buffer | undefined,
): Buffer {
  const layout = layouts[sender];
  const tag = Buffer.of(layout.type * 8, type);
  const head = frameHead(layout.ciphertext, payloadBytes + aesGcmTagBytes);
  return Buffer.concat(opening === undefined ? [tag, head] : [opening, tag, head]);
}

/** The fields that the first frame of a client has more than others. */
export function clientOpening(sessionId: Buffer, call: number, random: Buffer): Buffer {
  return new FieldWriter(64).bytes(1, sessionId).varint(2, call).bytes(3, random).finish();
}

/** The field that the first frame of a server has more than others. */
export function serverOpening(random: Buffer): Buffer {
  return new FieldWriter(32).bytes(1, random).finish();
}

/** Whether a frame has what only a first one has. */
export function namesItsCall({ random, sessionId, call }: SealedFrame): boolean {
  return random !== undefined || sessionId !== undefined || call !== 0;
}

/** Take a frame apart, without a copy. @throws AtedbError WIRE_FRAME_INVALID. */
export function parseFrame(sender: Sender, message: Buffer): SealedFrame {
  const layout = layouts[sender];
  try {
    checkStrict(layout.form, message);
  } catch (error) {
    if (error instanceof AtedbError) throw frameInvalid(error.message);
    throw error;
  }
  let random: Buffer | undefined;
  let sessionId: Buffer | undefined;
  let call = 0;
  let type = 0;
  let ciphertext = message;
  const cursor = new FieldCursor(message);
  while (cursor.next()) {
    if (cursor.field === layout.type) type = cursor.value;
    else if (cursor.field === layout.ciphertext) ciphertext = cursor.bytesValue();
    else if (cursor.field === layout.random) random = cursor.bytesValue();
    else if (cursor.field === 1) sessionId = cursor.bytesValue();
    else call = cursor.value;
  }
  if (ciphertext.length < aesGcmTagBytes) throw frameInvalid('it is shorter than its tag');
  return { type: type as FrameType, ciphertext, random, sessionId, call };
}

/**
 * Which frames one end may send after those it has sent: a client `OPEN`, messages, `HALF_CLOSE`; a server headers, or not,
 * messages, `STATUS`.
 */
export class FrameOrder {
  readonly #sender: Sender;
  #hasBegun = false;
  #hasEnded = false;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** Whether the frame has come that ends this end's part of the call. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Take the next frame; false where it must not come now. */
  take(type: FrameType): boolean {
    if (this.#hasEnded || !this.#mayCome(type)) return false;
    this.#hasBegun = true;
    this.#hasEnded = type === frameTypes.halfClose || type === frameTypes.status;
    return true;
  }

  #mayCome(type: FrameType): boolean {
    if (this.#sender === 'client') {
      if (!this.#hasBegun) return type === frameTypes.open;
      return type === frameTypes.message || type === frameTypes.halfClose;
    }
    if (type === frameTypes.headers) return !this.#hasBegun;
    return type === frameTypes.message || type === frameTypes.status;
  }
}
