import { AtedbError } from '../bytes/index.ts';
import type { Fence } from '../event/index.ts';

/** Whoever wants a lock: an open stream. */
export interface LockHolder {
  /** Refuse if it may not have the lock, as things are now. @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED. */
  checkRight(): void;
  /** Called once, when it has the lease. */
  granted(token: number): void;
  /** Called once, when its lease, or its wait for one, has ended without its doing. The holder ends. */
  lost(error: unknown): void;
}

/** Leases and waits for them of one chain at once, of all its objects. */
export const locksMax = 1_024;

interface Claim {
  readonly holder: LockHolder;
  /** The object, in hexadecimal. */
  readonly object: string;
  /** Undefined while it waits, or its token is being made. */
  token: number | undefined;
}

/**
 * Who holds the lease on which object of a chain, and who waits for it, in order. A lease is its holder's until that leaves or loses its
 * right: nothing that another holder does ends it. In memory alone: whoever held one when the server ended has lost it.
 */
export class LockTable {
  readonly #tokens: { take(): Promise<number> };
  /** Of each object the claims on it; the first one has the lease, or is getting it. */
  readonly #queues = new Map<string, Claim[]>();
  readonly #claims = new Map<LockHolder, Claim>();

  /** @param tokens gives one that is larger than all before, each time. */
  constructor(tokens: { take(): Promise<number> }) {
    this.#tokens = tokens;
  }

  /** Leases and waits. */
  get count(): number {
    return this.#claims.size;
  }

  /**
   * Want the lease on an object. A holder wants one at a time.
   *
   * @param options.noWait whether it is refused where it would have to wait.
   * @returns how many are before it.
   * @throws AtedbError LOCK_HELD, TOO_MANY_LOCKS; as `LockHolder.checkRight`.
   */
  enter(primaryKey: Buffer, holder: LockHolder, { noWait }: { noWait: boolean }): number {
    if (this.#claims.has(holder)) throw new Error('a holder wants one lease at a time');
    holder.checkRight();
    const object = primaryKey.toString('hex');
    const queue = this.#queues.get(object) ?? [];
    if (noWait && queue.length > 0) {
      throw new AtedbError(
        'LOCK_HELD',
        `the object ${object} is locked by somebody else. Try again later, or wait`,
        { metadata: { primary_key: object, ahead: String(queue.length) } },
      );
    }
    if (this.#claims.size >= locksMax) {
      throw new AtedbError(
        'TOO_MANY_LOCKS',
        `${locksMax} hold locks on this chain or wait for them, which is the limit. Retry later`,
        { metadata: { limit_locks: String(locksMax) } },
      );
    }
    const claim: Claim = { holder, object, token: undefined };
    queue.push(claim);
    this.#queues.set(object, queue);
    this.#claims.set(holder, claim);
    if (queue.length === 1) void this.#grant(claim);
    return queue.length - 1;
  }

  /** Give up the lease, or the wait for it. The next one in the order has the lease then. */
  leave(holder: LockHolder): void {
    const claim = this.#claims.get(holder);
    if (claim === undefined) return;
    this.#claims.delete(holder);
    const queue = this.#queues.get(claim.object) as Claim[];
    const place = queue.indexOf(claim);
    queue.splice(place, 1);
    if (queue.length === 0) this.#queues.delete(claim.object);
    else if (place === 0) void this.#grant(queue[0] as Claim);
  }

  /** Whether the lease on an object is held by a token, by somebody who still has the right to it. */
  holds({ primaryKey, token }: Pick<Fence, 'primaryKey' | 'token'>): boolean {
    const [first] = this.#queues.get(primaryKey.toString('hex')) ?? [];
    return first?.token === token && this.#checkRight(first);
  }

  /** Rights have changed: those who lost theirs lose their leases, and their waits. */
  recheck(): void {
    for (const claim of [...this.#claims.values()]) this.#checkRight(claim);
  }

  /** End all leases and waits. */
  end(error: unknown): void {
    const claims = [...this.#claims.values()];
    // All before any is told: what one holder does then is not to give the lease to another.
    this.#claims.clear();
    this.#queues.clear();
    for (const { holder } of claims) holder.lost(error);
  }

  /** Never rejects. */
  async #grant(claim: Claim): Promise<void> {
    try {
      const token = await this.#tokens.take();
      // It may have left meanwhile; whoever came after it gets a token of his own.
      if (this.#claims.get(claim.holder) !== claim || !this.#checkRight(claim)) return;
      claim.token = token;
      claim.holder.granted(token);
    } catch (error) {
      this.#lose(claim, error);
    }
  }

  #checkRight(claim: Claim): boolean {
    try {
      claim.holder.checkRight();
      return true;
    } catch (error) {
      this.#lose(claim, error);
      return false;
    }
  }

  #lose({ holder }: Claim, error: unknown): void {
    if (!this.#claims.has(holder)) return;
    this.leave(holder);
    holder.lost(error);
  }
}
