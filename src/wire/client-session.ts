import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { ClientCallCrypto } from './client-call.ts';
import { idBytes } from './forms.ts';
import type { KeyBits } from './key-bits.ts';
import type { SessionTerms } from './messages.ts';
import { SessionKeys, type SessionSecrets } from './session-keys.ts';

/** What a client's session is made of. */
export interface ClientSessionInput {
  readonly id: Buffer;
  readonly keyBits: KeyBits;
  readonly identity: PublicKey;
  readonly secrets: SessionSecrets;
  readonly terms: SessionTerms;
  /** Milliseconds, by a clock that never goes back. */
  readonly now: () => number;
  /** Random bytes, of which the caller has the number. */
  readonly random: (bytes: number) => Buffer;
}

/** How much of what a session may have is used when it should be renewed, and when it must be. */
const dueShare = 0.75;
const usableShare = 0.95;

/** A session, as its client sees it: any number of calls at once, on any connections. */
export class ClientSession {
  /** 16 bytes. Not secret. */
  readonly id: Buffer;
  readonly keyBits: KeyBits;
  /** Of the server, as it has proven it. */
  readonly identity: PublicKey;
  /** What proofs of keys within this session are tied to. 32 bytes. */
  readonly exporter: Buffer;
  readonly terms: SessionTerms;
  readonly #keys: SessionKeys;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  readonly #createdMs: number;
  #usedMs: number;
  #bytes = 0;
  #nextCall = 0;

  constructor({ id, keyBits, identity, secrets, terms, now, random }: ClientSessionInput) {
    this.id = id;
    this.keyBits = keyBits;
    this.identity = identity;
    this.terms = terms;
    this.#keys = new SessionKeys(secrets);
    this.exporter = this.#keys.exporter;
    this.#now = now;
    this.#random = random;
    this.#createdMs = now();
    this.#usedMs = this.#createdMs;
  }

  /** Whether calls can be opened in it: it has not ended, and won't before the call has reached the server. */
  get isUsable(): boolean {
    return !this.#keys.isWiped && this.#usedShare() < usableShare;
  }

  /** Whether it should be replaced by a new one, which can be done while calls go on in this one. */
  get isDue(): boolean {
    return this.#keys.isWiped || this.#usedShare() >= dueShare;
  }

  /** Begin a call. @throws AtedbError WIRE_SESSION_UNKNOWN where the session is not usable any more. */
  openCall(): ClientCallCrypto {
    if (!this.isUsable) {
      throw new AtedbError(
        'WIRE_SESSION_UNKNOWN',
        'the session of the tunnel has ended: it is too old, was idle for too long, or has carried as much as it may. Make a new one',
      );
    }
    const call = this.#nextCall;
    this.#nextCall += 1;
    this.#usedMs = this.#now();
    const { id: sessionId, keyBits } = this;
    const count = (bytes: number) => this.#use(bytes);
    const random = this.#random(idBytes);
    return new ClientCallCrypto({ sessionId, keyBits, call, random, keys: this.#keys, count });
  }

  /** Forget the keys. No call can be opened from here on, and none that has no answer yet can be read. */
  end(): void {
    this.#keys.wipe();
  }

  toJSON(): object {
    return { id: this.id.toString('hex'), keyBits: this.keyBits };
  }

  [inspect.custom](): string {
    return `ClientSession { ${this.id.toString('hex')}, ${this.keyBits} bit }`;
  }

  #use(bytes: number): void {
    this.#bytes += bytes;
    this.#usedMs = this.#now();
  }

  /** How much is used of what it may have least of. */
  #usedShare(): number {
    const { lifetimeMs, idleMs, bytesMax } = this.terms;
    const now = this.#now();
    return Math.max(
      (now - this.#createdMs) / lifetimeMs,
      (now - this.#usedMs) / idleMs,
      this.#bytes / bytesMax,
    );
  }
}
