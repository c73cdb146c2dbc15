import { CallDirection } from './call-direction.ts';
import { type CountFrame, FrameOpener, FrameSealer, type OpenedFrame } from './frame-crypto.ts';
import { type FrameType, type SealedFrame, serverOpening } from './frames.ts';
import type { KeyBits } from './key-bits.ts';
import type { SessionKeys } from './session-keys.ts';

/** What a server's call is made in. */
export interface ServerCallInput {
  readonly sessionId: Buffer;
  readonly keyBits: KeyBits;
  readonly call: number;
  readonly keys: SessionKeys;
  /** 16 bytes, of the client's first frame. */
  readonly clientRandom: Buffer;
  /** 16 bytes, made for this call. */
  readonly random: Buffer;
  readonly count: CountFrame;
}

/** One call, as its server sees it: opens what it is sent, seals what it answers. */
export class ServerCallCrypto {
  /** Its number in the session. */
  readonly call: number;
  /** Of the session: what proofs of keys within this call are tied to. 32 bytes. */
  readonly exporter: Buffer;
  readonly #opener: FrameOpener;
  readonly #sealer: FrameSealer;

  constructor({ sessionId, keyBits, call, keys, count, ...random }: ServerCallInput) {
    this.call = call;
    this.exporter = keys.exporter;
    const place = { sessionId, call, keyBits };
    const receiving = new CallDirection(
      { ...place, sender: 'client' },
      keys.clientSecret(call, random.clientRandom),
    );
    this.#opener = new FrameOpener('client', receiving, count);
    const secret = keys.serverSecret(call, random.clientRandom, random.random);
    const sending = new CallDirection({ ...place, sender: 'server' }, secret);
    this.#sealer = new FrameSealer('server', sending, serverOpening(random.random), count);
  }

  /** Whether the client has sealed that it sends nothing more. Without it, what it sent was cut. */
  get hasHalfClosed(): boolean {
    return this.#opener.hasEnded;
  }

  /** Whether the server has sealed how the call ended. */
  get hasEnded(): boolean {
    return this.#sealer.hasEnded;
  }

  /** Open the first frame, which was taken apart to find the session. @throws AtedbError WIRE_FRAME_INVALID. */
  openFirst(frame: SealedFrame): Buffer {
    return this.#opener.openFirst(frame).payload;
  }

  /**
   * Open the next frame: a serialised `CallRequest`.
   *
   * @throws AtedbError WIRE_FRAME_INVALID; the call has failed then, and nothing opens after it.
   */
  open(message: Buffer): OpenedFrame {
    return this.#opener.open(message);
  }

  /**
   * Seal the next frame: a serialised `CallResponse`. Last comes `STATUS`. A type that must not come now is a defect of the
   * caller, which is asserted.
   *
   * @throws AtedbError DATA_TOO_LARGE; nothing has happened then.
   */
  seal(type: FrameType, payload: Buffer): Buffer {
    return Buffer.concat(this.sealParts(type, [payload]));
  }

  /** As `seal`, without a copy: of a payload in parts the message in parts. */
  sealParts(type: FrameType, payload: readonly Buffer[]): Buffer[] {
    return this.#sealer.sealParts(type, payload);
  }

  /** Forget the keys, when the call is over, however it ended. */
  wipe(): void {
    this.#opener.wipe();
    this.#sealer.wipe();
  }
}
