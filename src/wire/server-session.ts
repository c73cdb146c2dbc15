import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import { CallWindow } from './call-window.ts';
import { frameInvalid } from './errors.ts';
import type { CountFrame } from './frame-crypto.ts';
import type { SealedFrame } from './frames.ts';
import type { KeyBits } from './key-bits.ts';
import type { SessionTerms } from './messages.ts';
import { ServerCallCrypto } from './server-call.ts';
import { SessionKeys, type SessionSecrets } from './session-keys.ts';

/** What a server's session is made of. */
export interface ServerSessionInput {
  readonly id: Buffer;
  readonly keyBits: KeyBits;
  readonly secrets: SessionSecrets;
  readonly terms: SessionTerms;
  /** When the handshake was done, by a clock that never goes back. Milliseconds. */
  readonly createdMs: number;
}

/** A call that was begun. */
export interface BegunCall {
  readonly call: ServerCallCrypto;
  /** The payload of the first frame: a serialised `CallOpen`. */
  readonly open: Buffer;
}

/** A session, as its server sees it. */
export class ServerSession {
  /** Its id, with a character a byte: smaller than a buffer, of which a server would have many. */
  readonly name: string;
  readonly keyBits: KeyBits;
  readonly terms: SessionTerms;
  readonly #keys: SessionKeys;
  readonly #createdMs: number;
  readonly #window = new CallWindow();
  #usedMs: number;
  #bytes = 0;

  constructor({ id, keyBits, secrets, terms, createdMs }: ServerSessionInput) {
    this.name = id.toString('latin1');
    this.keyBits = keyBits;
    this.terms = terms;
    this.#keys = new SessionKeys(secrets);
    this.#createdMs = createdMs;
    this.#usedMs = createdMs;
  }

  /** 16 bytes. Not secret. */
  get id(): Buffer {
    return Buffer.from(this.name, 'latin1');
  }

  /** When its last frame came or went. Milliseconds. */
  get usedMs(): number {
    return this.#usedMs;
  }

  /** Whether it has ended: by its age, by idleness, or by what it has carried. */
  hasEnded(nowMs: number): boolean {
    const { lifetimeMs, idleMs, bytesMax } = this.terms;
    return (
      nowMs - this.#createdMs >= lifetimeMs ||
      nowMs - this.#usedMs >= idleMs ||
      this.#bytes >= bytesMax
    );
  }

  /**
   * Begin a call. Its number counts as used only once its first frame has opened, else anybody could use numbers up.
   *
   * @throws AtedbError WIRE_CALL_REPLAYED, WIRE_FRAME_INVALID.
   */
  beginCall(frame: SealedFrame, random: Buffer, now: () => number): BegunCall {
    const { call, random: clientRandom } = frame;
    if (clientRandom === undefined) throw frameInvalid('the first one has nothing random');
    if (!this.#window.isFree(call)) throw replayed(call);
    const count: CountFrame = (bytes) => {
      this.#bytes += bytes;
      this.#usedMs = now();
    };
    const { id: sessionId, keyBits } = this;
    const crypto = new ServerCallCrypto({
      sessionId,
      keyBits,
      call,
      keys: this.#keys,
      clientRandom,
      random,
      count,
    });
    try {
      const open = crypto.openFirst(frame);
      this.#window.take(call);
      return { call: crypto, open };
    } catch (error) {
      crypto.wipe();
      throw error;
    }
  }

  /** Forget the keys. Calls that are open have their own, and go on. */
  wipe(): void {
    this.#keys.wipe();
  }

  toJSON(): object {
    return { id: this.id.toString('hex'), keyBits: this.keyBits };
  }

  [inspect.custom](): string {
    return `ServerSession { ${this.id.toString('hex')}, ${this.keyBits} bit }`;
  }
}

function replayed(call: number): AtedbError {
  return new AtedbError(
    'WIRE_CALL_REPLAYED',
    `call ${call} was made before in this session, or is too far behind the newest one to tell; nothing of it was carried out now`,
    { metadata: { call: String(call) } },
  );
}

/** The refusal of a first frame that names no session. */
export function withoutSession(): AtedbError {
  return frameInvalid('the first one names no session');
}
