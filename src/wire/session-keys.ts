import assert from 'node:assert/strict';
import { hashBytes } from '../crypto/index.ts';
import { callSecret } from './key-schedule.ts';

/** What a session's keys are made of, 32 bytes each. */
export interface SessionSecrets {
  /** Of the keys of what the client sends. */
  readonly clientRoot: Buffer;
  /** Of the keys of what the server sends. */
  readonly serverRoot: Buffer;
  /** What proofs of keys are tied to, as channels are by RFC 9266; it tells nothing of the others. */
  readonly exporter: Buffer;
}

/**
 * The keys of a session, until they are forgotten: then none is made any more, which others could make too. A server has many
 * of these, so they are in one piece of memory: a buffer of its own costs some 300 bytes.
 */
export class SessionKeys {
  /** Client's root, server's root, exporter. */
  readonly #secrets = Buffer.alloc(3 * hashBytes);
  #isWiped = false;

  /** @param secrets are copied, and then wiped. */
  constructor({ clientRoot, serverRoot, exporter }: SessionSecrets) {
    this.#secrets.set(clientRoot);
    this.#secrets.set(serverRoot, hashBytes);
    this.#secrets.set(exporter, 2 * hashBytes);
    for (const secret of [clientRoot, serverRoot, exporter]) secret.fill(0);
  }

  /** 32 bytes. It stays when the keys are forgotten: it tells nothing of them, and calls that are open go on with it. */
  get exporter(): Buffer {
    return this.#secrets.subarray(2 * hashBytes);
  }

  /** Whether the keys were forgotten. */
  get isWiped(): boolean {
    return this.#isWiped;
  }

  /** The first secret of what the client sends in a call. @param clientRandom 16 bytes that it has made for this call. */
  clientSecret(call: number, clientRandom: Buffer): Buffer {
    assert(!this.#isWiped, 'the keys of this session were forgotten');
    return callSecret(this.#secrets.subarray(0, hashBytes), call, clientRandom);
  }

  /** The first secret of what the server sends in it. @param serverRandom the same of the server. */
  serverSecret(call: number, clientRandom: Buffer, serverRandom: Buffer): Buffer {
    assert(!this.#isWiped, 'the keys of this session were forgotten');
    const root = this.#secrets.subarray(hashBytes, 2 * hashBytes);
    return callSecret(root, call, clientRandom, serverRandom);
  }

  /** Forget the keys. Calls that are open have their own. */
  wipe(): void {
    this.#isWiped = true;
    this.#secrets.fill(0, 0, 2 * hashBytes);
  }
}
