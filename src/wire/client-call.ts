import { CallDirection } from './call-direction.ts';
import { frameInvalid } from './errors.ts';
import { type CountFrame, FrameOpener, FrameSealer, type OpenedFrame } from './frame-crypto.ts';
import { clientOpening, type FrameType, parseFrame } from './frames.ts';
import type { KeyBits } from './key-bits.ts';
import type { SessionKeys } from './session-keys.ts';

/** What a client's call is made in. */
export interface ClientCallInput {
  readonly sessionId: Buffer;
  readonly keyBits: KeyBits;
  /** Never used twice. */
  readonly call: number;
  /** 16 bytes, made for this call. */
  readonly random: Buffer;
  readonly keys: SessionKeys;
  readonly count: CountFrame;
}

/** One call, as its client sees it: seals what it sends, opens what it is answered. */
export class ClientCallCrypto {
  /** Its number in the session. */
  readonly call: number;
  /** Of the session: what proofs of keys within this call are tied to. 32 bytes. */
  readonly exporter: Buffer;
  readonly #keys: SessionKeys;
  readonly #sealer: FrameSealer;
  readonly #openerOf: (serverRandom: Buffer) => FrameOpener;
  /** Made when the server's first frame has come, since its keys are made from what is in that. */
  #opener: FrameOpener | undefined;
  #hasFailed = false;

  constructor({ sessionId, keyBits, call, random, keys, count }: ClientCallInput) {
    this.call = call;
    this.#keys = keys;
    this.exporter = keys.exporter;
    const place = { sessionId, call, keyBits };
    const sending = new CallDirection(
      { ...place, sender: 'client' },
      keys.clientSecret(call, random),
    );
    this.#sealer = new FrameSealer(
      'client',
      sending,
      clientOpening(sessionId, call, random),
      count,
    );
    this.#openerOf = (serverRandom) => {
      const secret = keys.serverSecret(call, random, serverRandom);
      const receiving = new CallDirection({ ...place, sender: 'server' }, secret);
      return new FrameOpener('server', receiving, count);
    };
  }

  /** Whether the server has sealed how the call ended. Without it the call was cut, and its outcome is not known. */
  get hasEnded(): boolean {
    return this.#opener?.hasEnded ?? false;
  }

  /**
   * Seal the next frame: a serialised `CallRequest`. First comes `OPEN`, last `HALF_CLOSE`. A type that must not come now is a
   * defect of the caller, which is asserted.
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

  /**
   * Open the next frame: a serialised `CallResponse`.
   *
   * @throws AtedbError WIRE_FRAME_INVALID; the call has failed then, and nothing opens after it.
   */
  open(message: Buffer): OpenedFrame {
    if (this.#opener !== undefined) return this.#opener.open(message);
    if (this.#hasFailed) throw frameInvalid('one before it was refused, or the call is over');
    // Until what is random has come with the first frame.
    this.#hasFailed = true;
    if (this.#keys.isWiped) throw frameInvalid('its session was ended here');
    const frame = parseFrame('server', message);
    if (frame.random === undefined) throw frameInvalid('the first one has nothing random');
    this.#opener = this.#openerOf(frame.random);
    return this.#opener.openFirst(frame);
  }

  /** Forget the keys, when the call is over, however it ended. */
  wipe(): void {
    this.#sealer.wipe();
    this.#opener?.wipe();
    this.#hasFailed = true;
  }
}
