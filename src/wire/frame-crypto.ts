import assert from 'node:assert/strict';
import { AtedbError } from '../bytes/index.ts';
import { aesGcmOpen, aesGcmSealParts } from '../crypto/index.ts';
import type { CallDirection } from './call-direction.ts';
import { frameInvalid } from './errors.ts';
import {
  FrameOrder,
  type FrameType,
  frameHeading,
  namesItsCall,
  parseFrame,
  type SealedFrame,
  type Sender,
} from './frames.ts';
import { framePayloadBytesMax } from './limits.ts';

/** Is told of each frame, by its size in bytes: sessions end after so many, and when there are none. */
export type CountFrame = (bytes: number) => void;

/** What a frame holds. */
export interface OpenedFrame {
  readonly type: FrameType;
  readonly payload: Buffer;
}

/** Seals one end's frames of a call, in turn. */
export class FrameSealer {
  readonly #sender: Sender;
  readonly #direction: CallDirection;
  readonly #count: CountFrame;
  readonly #order: FrameOrder;
  #opening: Buffer | undefined;

  /** @param opening the fields that the first frame has more than others. */
  constructor(sender: Sender, direction: CallDirection, opening: Buffer, count: CountFrame) {
    this.#sender = sender;
    this.#direction = direction;
    this.#opening = opening;
    this.#count = count;
    this.#order = new FrameOrder(sender);
  }

  /** Whether the frame was sealed that ends this end's part of the call. */
  get hasEnded(): boolean {
    return this.#order.hasEnded;
  }

  /**
   * Seal a payload that is in parts, none of which is copied: the frame, serialised, in parts too. It must be sent, and in the
   * order of the calls. A type that must not come now is a defect of the caller, which is asserted.
   *
   * @throws AtedbError DATA_TOO_LARGE; nothing has happened then.
   */
  sealParts(type: FrameType, payload: readonly Buffer[]): Buffer[] {
    const payloadBytes = payload.reduce((total, part) => total + part.length, 0);
    if (payloadBytes > framePayloadBytesMax) throw tooLarge(payloadBytes);
    assert(this.#order.take(type), `a frame of type ${type} must not come now`);
    const heading = frameHeading(this.#sender, type, payloadBytes, this.#opening);
    this.#opening = undefined;
    const sealed = aesGcmSealParts(this.#direction.next(type), payload);
    sealed.unshift(heading);
    this.#count(heading.length + payloadBytes);
    if (this.hasEnded) this.#direction.wipe();
    return sealed;
  }

  /** Forget the keys: nothing can be sealed from here on. */
  wipe(): void {
    this.#direction.wipe();
  }
}

/** Opens the other end's frames of a call, in turn. After one that is refused, nothing opens. */
export class FrameOpener {
  readonly #sender: Sender;
  readonly #direction: CallDirection;
  readonly #count: CountFrame;
  readonly #order: FrameOrder;
  #isBroken = false;

  constructor(sender: Sender, direction: CallDirection, count: CountFrame) {
    this.#sender = sender;
    this.#direction = direction;
    this.#count = count;
    this.#order = new FrameOrder(sender);
  }

  /** Whether the frame has come that ends the other end's part of the call: without it, the call was cut. */
  get hasEnded(): boolean {
    return this.#order.hasEnded;
  }

  /** Open the first frame, which was taken apart to find its call. @throws AtedbError WIRE_FRAME_INVALID. */
  openFirst(frame: SealedFrame): OpenedFrame {
    return this.#openOrBreak(() => this.#open(frame));
  }

  /** Open the next frame, a serialised message. @throws AtedbError WIRE_FRAME_INVALID. */
  open(message: Buffer): OpenedFrame {
    return this.#openOrBreak(() => {
      const frame = parseFrame(this.#sender, message);
      if (namesItsCall(frame)) {
        throw frameInvalid('it names its call, as only the first one does');
      }
      return this.#open(frame);
    });
  }

  /** Forget the keys: nothing opens from here on. */
  wipe(): void {
    this.#isBroken = true;
    this.#direction.wipe();
  }

  #openOrBreak(open: () => OpenedFrame): OpenedFrame {
    if (this.#isBroken) throw frameInvalid('one before it was refused, or the call is over');
    try {
      return open();
    } catch (error) {
      this.wipe();
      throw error;
    }
  }

  #open({ type, ciphertext }: SealedFrame): OpenedFrame {
    if (this.hasEnded) throw frameInvalid('it comes after the one that ends the call');
    const payload = aesGcmOpen(this.#direction.next(type), ciphertext);
    if (payload === undefined) {
      throw frameInvalid('it was changed, moved or repeated, or one before it is missing');
    }
    if (!this.#order.take(type)) throw frameInvalid(`one of type ${type} must not come now`);
    this.#count(ciphertext.length);
    if (this.hasEnded) this.#direction.wipe();
    return { type, payload };
  }
}

function tooLarge(bytes: number): AtedbError {
  return new AtedbError(
    'DATA_TOO_LARGE',
    `a message of ${bytes} bytes does not fit into a frame of the tunnel, which takes ${framePayloadBytesMax}; send less at once`,
    { metadata: { limit: String(framePayloadBytesMax), size: String(bytes) } },
  );
}
