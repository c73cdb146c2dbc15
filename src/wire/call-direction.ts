import assert from 'node:assert/strict';
import type { AeadInput } from '../crypto/index.ts';
import { idBytes } from './forms.ts';
import type { FrameType, Sender } from './frames.ts';
import type { KeyBits } from './key-bits.ts';
import { frameKey, nextSecret, writeUint64 } from './key-schedule.ts';
import { framesPerKey } from './limits.ts';

/** Which call, and which way. */
export interface CallPlace {
  readonly sessionId: Buffer;
  readonly call: number;
  readonly sender: Sender;
  readonly keyBits: KeyBits;
}

const senderNumbers = { client: 0, server: 1 } as const;
const counterAt = idBytes + 8 + 1;
const typeAt = counterAt + 8;
const aadBytes = typeAt + 1;
const nonceBytes = 12;

/**
 * One direction of a call: of each frame in turn its key, its nonce, and what it is bound to. Both ends have the same, so that
 * a frame opens only where it was sealed: in this session, call, direction and place, and as what it was.
 */
export class CallDirection {
  readonly #keyBits: KeyBits;
  /** Session (16), call (8), direction (1), counter (8), type (1); integers big-endian. */
  readonly #aad = Buffer.alloc(aadBytes);
  readonly #nonce = Buffer.alloc(nonceBytes);
  #secret: Buffer;
  #key: Buffer;
  #counter = 0;
  #isWiped = false;

  /** @param secret of this direction, from `callSecret`; it is kept, and wiped. */
  constructor({ sessionId, call, sender, keyBits }: CallPlace, secret: Buffer) {
    this.#keyBits = keyBits;
    this.#secret = secret;
    this.#key = frameKey(secret, keyBits);
    this.#aad.set(sessionId);
    writeUint64(this.#aad, call, idBytes);
    this.#aad[idBytes + 8] = senderNumbers[sender];
  }

  /** Go to the next frame. What is returned is valid until the frame after it. */
  next(type: FrameType): AeadInput {
    // Zeros are a key that everybody has.
    assert(!this.#isWiped, 'the keys of this call were forgotten');
    const counter = this.#counter;
    if (counter > 0 && counter % framesPerKey === 0) this.#ratchet();
    writeUint64(this.#nonce, counter, nonceBytes - 8);
    writeUint64(this.#aad, counter, counterAt);
    this.#aad[typeAt] = type;
    this.#counter = counter + 1;
    return { key: this.#key, nonce: this.#nonce, aad: this.#aad };
  }

  /** Forget the keys: there is no frame after this. */
  wipe(): void {
    this.#isWiped = true;
    this.#forget();
  }

  /** What was sealed before can't be opened with what is known from here on. */
  #ratchet(): void {
    const secret = nextSecret(this.#secret);
    this.#forget();
    this.#secret = secret;
    this.#key = frameKey(secret, this.#keyBits);
  }

  #forget(): void {
    this.#secret.fill(0);
    this.#key.fill(0);
  }
}
