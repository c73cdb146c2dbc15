import { availableParallelism } from 'node:os';
import type { Chain } from '../chain/index.ts';
import type { NoteKeyPair } from '../crypto/index.ts';
import type { TreeHead } from '../event/index.ts';
import { type CertifiedKeys, signCheckpoint } from '../trust/index.ts';
import { type SigningLimits, SigningQueue, type Urgency } from './signing-queue.ts';

/** A head that this server has signed. */
export interface Checkpoint {
  readonly head: TreeHead;
  /** The note; see `encodeCheckpoint`. */
  readonly note: string;
}

/** A chain is signed once in so many milliseconds, however fast it grows. */
const betweenMs = 1_000;

/** Two threads of the pool, so that signing never takes those that the disk needs; and 2.5 % of each processor. */
const limitsDefault: SigningLimits = {
  atOnceMax: 2,
  toldPerSecondMax: 25 * availableParallelism(),
};

interface Waiter {
  readonly commit: number;
  readonly urgency: Urgency;
  readonly settle: (
    result: { readonly checkpoint: Checkpoint } | { readonly error: unknown },
  ) => void;
}

/** What there is of one chain. */
interface ChainSigning {
  newest: Checkpoint | undefined;
  signedMs: number;
  /** Waiting for their turns, or under way. */
  readonly signing: Map<Urgency, Promise<Checkpoint>>;
  readonly waiters: Set<Waiter>;
  /** When it is to be signed for those who wait. */
  readonly planned: Set<Urgency>;
}

/**
 * Signs the heads of chains, when somebody wants to see it: on opening, for appends that are to be attested, for
 * subscribers. A chain that nobody looks at costs nothing, nor does one that hasn't grown since it was signed.
 */
export class Checkpoints {
  /** The keys, for those who verify. */
  readonly signer: CertifiedKeys;
  readonly #keys: NoteKeyPair;
  readonly #now: () => number;
  readonly #queue: SigningQueue;
  readonly #chains = new WeakMap<Chain, ChainSigning>();
  /** Of the last checkpoint, in seconds: they never say that time went back. */
  #timeUnixS = 1;

  constructor(options: {
    readonly keys: NoteKeyPair;
    readonly signer: CertifiedKeys;
    /** Milliseconds since 1970-01-01 UTC. */
    readonly now: () => number;
    readonly limits?: SigningLimits | undefined;
  }) {
    this.#keys = options.keys;
    this.signer = options.signer;
    this.#now = options.now;
    this.#queue = new SigningQueue(options.limits ?? limitsDefault);
  }

  /**
   * A checkpoint of a chain as it is: of its head, or, where that one is newer, of a head that was signed within the last
   * second.
   *
   * @returns undefined for a chain that has lost its end: what is left must not be signed, since more was.
   */
  async current(chain: Chain): Promise<Checkpoint | undefined> {
    if (isCut(chain)) return undefined;
    const state = this.#of(chain);
    const { newest } = state;
    const isFresh = performance.now() - state.signedMs < betweenMs;
    if (newest !== undefined && (isFresh || isOfHead(newest, chain))) return newest;
    return this.#sign(chain, state, 'asked');
  }

  /**
   * Wait for a checkpoint that covers a commit, which is durable: it comes within about a second, or, where more chains grow
   * than may be signed in that time, in turn.
   *
   * @throws the signal's reason; what signing fails with.
   */
  covering(
    chain: Chain,
    commit: number,
    { urgency, signal }: { readonly urgency: Urgency; readonly signal: AbortSignal },
  ): Promise<Checkpoint> {
    const state = this.#of(chain);
    const { newest } = state;
    if (newest !== undefined && newest.head.size > commit) return Promise.resolve(newest);
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.settle({ error: signal.reason });
      const waiter: Waiter = {
        commit,
        urgency,
        settle: (result) => {
          state.waiters.delete(waiter);
          signal.removeEventListener('abort', onAbort);
          if ('error' in result) reject(result.error);
          else resolve(result.checkpoint);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      state.waiters.add(waiter);
      this.#plan(chain, state, urgency);
    });
  }

  #of(chain: Chain): ChainSigning {
    let state = this.#chains.get(chain);
    if (state === undefined) {
      state = {
        newest: undefined,
        signedMs: Number.NEGATIVE_INFINITY,
        signing: new Map(),
        waiters: new Set(),
        planned: new Set(),
      };
      this.#chains.set(chain, state);
    }
    return state;
  }

  /** Sign for those who wait, as soon as it may be. Who asked doesn't wait in the line of those who are told. */
  #plan(chain: Chain, state: ChainSigning, urgency: Urgency): void {
    if (state.planned.has(urgency)) return;
    state.planned.add(urgency);
    const dueMs = Math.max(0, state.signedMs + betweenMs - performance.now());
    setTimeout(() => {
      state.planned.delete(urgency);
      void this.#signForWaiters(chain, state, urgency);
    }, dueMs);
  }

  /** Never rejects. */
  async #signForWaiters(chain: Chain, state: ChainSigning, urgency: Urgency): Promise<void> {
    const isWaiting = () => [...state.waiters].some((waiter) => waiter.urgency === urgency);
    if (!isWaiting() || isCut(chain)) return;
    const isTooSoon = performance.now() < state.signedMs + betweenMs;
    try {
      if (!isTooSoon) await this.#sign(chain, state, urgency);
    } catch (error) {
      for (const waiter of [...state.waiters]) waiter.settle({ error });
    }
    // What was under way before somebody came to wait may not cover it.
    if (isWaiting()) this.#plan(chain, state, urgency);
  }

  /** Sign the head as it is when its turn comes. */
  #sign(chain: Chain, state: ChainSigning, urgency: Urgency): Promise<Checkpoint> {
    let signing = state.signing.get(urgency);
    if (signing === undefined) {
      const sign = () => this.#signNow(chain, state);
      signing = this.#queue.run(urgency, sign).finally(() => state.signing.delete(urgency));
      state.signing.set(urgency, signing);
    }
    return signing;
  }

  async #signNow(chain: Chain, state: ChainSigning): Promise<Checkpoint> {
    const { newest } = state;
    if (newest !== undefined && isOfHead(newest, chain)) return newest;
    // Time and head are of one moment: at that time there was no larger tree.
    const { head } = chain.log.durable;
    this.#timeUnixS = Math.max(this.#timeUnixS, Math.floor(this.#now() / 1_000));
    const { chainId } = chain.genesis;
    const claim = { chainId, head, timeUnixS: this.#timeUnixS };
    const checkpoint = { head, note: await signCheckpoint(claim, this.#keys) };
    // Another turn may have signed a newer one meanwhile.
    if (head.size <= (state.newest?.head.size ?? 0)) return state.newest ?? checkpoint;
    state.newest = checkpoint;
    state.signedMs = performance.now();
    for (const waiter of [...state.waiters]) {
      if (head.size > waiter.commit) waiter.settle({ checkpoint });
    }
    return checkpoint;
  }
}

/** Whether the chain's end is lost, so that its head isn't what it was. */
function isCut(chain: Chain): boolean {
  return chain.log.lostEnd !== undefined;
}

function isOfHead(checkpoint: Checkpoint, chain: Chain): boolean {
  return checkpoint.head.size === chain.log.durable.head.size;
}
