import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { idBytes } from './forms.ts';
import { parseFrame } from './frames.ts';
import { sessionsMaxDefault, sessionsPerPeerMaxDefault } from './limits.ts';
import { type BegunCall, type ServerSession, withoutSession } from './server-session.ts';

/** How many sessions there may be, and what they are timed by. */
export interface SessionTableOptions {
  /** In all. */
  readonly sessionsMax?: number | undefined;
  /** Of one peer. */
  readonly sessionsPerPeerMax?: number | undefined;
  /** Milliseconds, by a clock that never goes back. */
  readonly now?: (() => number) | undefined;
  /** Random bytes, of which the caller has the number. */
  readonly random?: ((bytes: number) => Buffer) | undefined;
}

/** A session with whose it is. */
interface Entry {
  readonly session: ServerSession;
  readonly peer: string;
  /** When it came to its place in the order, which goes by this. */
  placedMs: number;
}

/**
 * The sessions of a server. Bounded in all and by peer: a peer beyond its share loses its own session that was idle for
 * longest, and only where all together are too many somebody else's is lost. Who loses one makes another.
 */
export class SessionTable {
  readonly #sessionsMax: number;
  readonly #sessionsPerPeerMax: number;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  /**
   * By name, in the order of `placedMs`. A session goes to the end with each call that begins, and not with each frame, which
   * would cost too much: who looks for the idlest moves those to the end that were used since.
   */
  readonly #entries = new Map<string, Entry>();
  /** Of each peer the ids of its sessions, in the same order. */
  readonly #peers = new Map<string, Set<string>>();

  constructor(options: SessionTableOptions = {}) {
    this.#sessionsMax = options.sessionsMax ?? sessionsMaxDefault;
    this.#sessionsPerPeerMax = options.sessionsPerPeerMax ?? sessionsPerPeerMaxDefault;
    this.#now = options.now ?? (() => performance.now());
    this.#random = options.random ?? randomBytes;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keep a session that was agreed on. @param peer whose it is: an address, without its port. */
  add(session: ServerSession, peer: string): void {
    this.sweep();
    const own = this.#peers.get(peer);
    if (own !== undefined && own.size >= this.#sessionsPerPeerMax) this.#drop(this.#idlest(own));
    if (this.#entries.size >= this.#sessionsMax) this.#drop(this.#idlest(this.#entries.keys()));
    const { name } = session;
    assert(!this.#entries.has(name), 'a session is kept once');
    this.#entries.set(name, { session, peer, placedMs: this.#now() });
    const ids = this.#peers.get(peer) ?? new Set();
    this.#peers.set(peer, ids.add(name));
  }

  /**
   * Begin a call with the first message of its stream, a serialised `CallRequest`.
   *
   * @throws AtedbError WIRE_SESSION_UNKNOWN where there is no such session, or it has ended; WIRE_CALL_REPLAYED;
   *   WIRE_FRAME_INVALID. Nothing has changed then.
   */
  beginCall(message: Buffer): BegunCall {
    const frame = parseFrame('client', message);
    if (frame.sessionId === undefined) throw withoutSession();
    const name = frame.sessionId.toString('latin1');
    const entry = this.#entries.get(name);
    if (entry === undefined) throw unknownSession();
    if (entry.session.hasEnded(this.#now())) {
      this.#drop(name);
      throw unknownSession();
    }
    const begun = entry.session.beginCall(frame, this.#random(idBytes), this.#now);
    this.#moveToEnd(name, entry);
    return begun;
  }

  /**
   * Forget the sessions that have ended, at most `idleMs` late. Done with each session that is added; on a timer, keys are
   * forgotten also where nobody comes.
   */
  sweep(): void {
    const now = this.#now();
    for (const [name, entry] of this.#entries) {
      if (entry.session.hasEnded(now)) this.#drop(name);
      else if (entry.session.usedMs > entry.placedMs) this.#moveToEnd(name, entry);
      // Those behind it were used later.
      else return;
    }
  }

  /** Forget all sessions. Calls that are open go on. */
  clear(): void {
    for (const name of [...this.#entries.keys()]) this.#drop(name);
  }

  /** Of these sessions, in their order, the one that was idle for longest. */
  #idlest(names: Iterable<string>): string {
    for (const name of names) {
      const entry = this.#entries.get(name) as Entry;
      // Those that are moved come up again, at their new place, so that the loop finds one.
      if (entry.session.usedMs <= entry.placedMs) return name;
      this.#moveToEnd(name, entry);
    }
    throw new Error('there is no session to choose from');
  }

  #moveToEnd(name: string, entry: Entry): void {
    entry.placedMs = this.#now();
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    const own = this.#peers.get(entry.peer);
    own?.delete(name);
    own?.add(name);
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.session.wipe();
    this.#entries.delete(name);
    const own = this.#peers.get(entry.peer);
    own?.delete(name);
    if (own?.size === 0) this.#peers.delete(entry.peer);
  }
}

function unknownSession(): AtedbError {
  return new AtedbError(
    'WIRE_SESSION_UNKNOWN',
    'the server has no such session: it has ended, or the server was started anew. Make another one',
  );
}
