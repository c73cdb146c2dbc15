import type { Logger } from 'pino';
import type { OwnerReply, OwnerSource } from '../../auth/index.ts';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import type { KeyPair } from '../../crypto/index.ts';
import type { IdentityLine, OwnerRecord } from '../../trust/index.ts';
import { answerEvent, isNewer, rotationEvents, verifyAnswer } from './own-events.ts';
import { Reachability } from './reachability.ts';

/** What answers are kept with. */
export interface OwnerKeeperOptions {
  /** Undefined: nobody is asked, and chains that have an owner take nothing once the last answer about it has expired. */
  readonly source: OwnerSource | undefined;
  /** The server's identity. */
  readonly identity: KeyPair;
  readonly line: IdentityLine;
  /** The chains that are open. */
  readonly openChains: () => Iterable<Chain>;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** A clock that never goes back, in milliseconds. Absent: this process's. */
  readonly nowMs?: (() => number) | undefined;
  readonly logger: Logger;
}

/** How old an answer may get while something is appended. */
const ageMs = 60_000;
/** After an answer that has expired: how long between two questions. */
const expiredAgeMs = 5_000;
/** How long an opening waits for the auth service. */
const waitMs = 1_000;
/** An answer tells of so many keys and no more that were changed, and then the next one of the rest. */
const answersMax = 16;

/** When a chain's owner was asked about. */
interface Asking {
  askedMs: number;
  running: Promise<void> | undefined;
}

/**
 * Keeps what chains know of their owners up to date: asks the auth service when a chain is opened, while it is appended to, and where it is told
 * of a change, and adds what is new as events of the server's own, behind those that say with which identities server and service speak now. Nothing that goes wrong here keeps a chain
 * from being used: what it knows counts until it expires.
 */
export class OwnerKeeper {
  readonly #options: OwnerKeeperOptions;
  readonly #nowMs: () => number;
  readonly #asked = new WeakMap<Chain, Asking>();
  readonly #reachability: Reachability;
  readonly #stopListening: () => void;
  /** What was warned of, each once: chains and why. */
  readonly #warned = new Set<string>();
  #closed = false;

  constructor(options: OwnerKeeperOptions) {
    this.#options = options;
    const { source, logger } = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#reachability = new Reachability(this.#nowMs, (isUp, why) => {
      if (isUp) logger.info('the auth service answers again');
      else
        logger.warn({ why }, 'the auth service does not answer; chains go on with what they know');
    });
    this.#stopListening = source?.onChange((owner) => this.#changed(owner)) ?? (() => undefined);
  }

  /** A chain was opened: bring it up to date, and wait for it as long as that makes sense. Never rejects. */
  async opened(chain: Chain): Promise<void> {
    if (chain.authority.owner !== undefined) await this.#within(chain, this.#ask(chain));
  }

  /** Somebody begins to append to a chain: as `opened`, where it was asked too long ago. Never rejects. */
  async appending(chain: Chain): Promise<void> {
    if (this.#isDue(chain)) await this.#within(chain, this.#ask(chain));
  }

  /** Something is appended to a chain, or somebody is let in: ask in the background, where it was asked too long ago. Costs next to nothing. */
  used(chain: Chain): void {
    if (chain.authority.owner !== undefined && this.#isDue(chain)) void this.#ask(chain);
  }

  /** Ask no more, and wait for those who are asked. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    const running = [...this.#options.openChains()].map((chain) => this.#asked.get(chain)?.running);
    await Promise.all(running);
  }

  /** An account was changed: the chains of it that are open learn of it at once; the others when they are opened. */
  #changed(owner: string): void {
    for (const chain of this.#options.openChains()) {
      if (chain.authority.owner?.owner !== owner) continue;
      // What is being asked may not know of it yet.
      const before = this.#asked.get(chain)?.running ?? Promise.resolve();
      void before.then(() => this.#ask(chain));
    }
  }

  #isDue(chain: Chain): boolean {
    const { owner } = chain.authority;
    const asking = this.#asked.get(chain);
    if (owner === undefined) return false;
    if (asking === undefined) return true;
    const sinceMs = this.#nowMs() - asking.askedMs;
    return (
      asking.running === undefined && sinceMs >= (this.#isExpired(chain) ? expiredAgeMs : ageMs)
    );
  }

  #isExpired({ authority: { owner } }: Chain): boolean {
    return owner !== undefined && owner.expiresUnixMs <= this.#options.now();
  }

  /** Wait until something is done, but no longer than makes sense. */
  async #within(chain: Chain, done: Promise<void>): Promise<void> {
    // A chain that takes nothing anyway loses nothing by waiting.
    if (!this.#reachability.isUp && !this.#isExpired(chain)) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([done, late]);
    clearTimeout(timer);
  }

  /** Ask about the owner of a chain, once at a time. Never rejects. */
  #ask(chain: Chain): Promise<void> {
    const { source } = this.#options;
    const before = this.#asked.get(chain);
    if (before?.running !== undefined) return before.running;
    if (source === undefined || this.#closed || !this.#reachability.mayAsk()) {
      return Promise.resolve();
    }
    const asking: Asking = { askedMs: this.#nowMs(), running: undefined };
    this.#asked.set(chain, asking);
    asking.running = this.#learn(chain, source)
      .catch((error: unknown) => this.#failed(chain, error))
      .finally(() => {
        asking.running = undefined;
      });
    return asking.running;
  }

  /** Ask until there is nothing new, and add what is. */
  async #learn(chain: Chain, source: OwnerSource): Promise<void> {
    for (let answers = 0; answers < answersMax; answers += 1) {
      const known = chain.authority.owner;
      if (known === undefined || chain.ended.aborted || chain.log.trouble !== undefined) return;
      const reply = await this.#askSource(source, known);
      if (reply.kind === 'unknown') {
        this.#warn(chain, `the auth service knows no account ${known.owner} any more`);
        return;
      }
      if (reply.kind === 'unchanged') return;
      if (!(await this.#add(chain, reply.answer, known))) return;
    }
  }

  async #askSource(source: OwnerSource, known: OwnerRecord): Promise<OwnerReply> {
    try {
      const reply = await source.ownerAnswer({ owner: known.owner, known });
      this.#reachability.answered();
      return reply;
    } catch (error) {
      this.#reachability.failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Add an answer to a chain. @returns whether it was new. */
  async #add(chain: Chain, message: Buffer, known: OwnerRecord): Promise<boolean> {
    const verified = await verifyAnswer(message, known.owner);
    if (!isNewer(verified.answer, known)) return false;
    const { line, identity } = this.#options;
    const server = chain.authority.serverIdentity;
    const isOne = server?.fingerprint.equals(known.identity.fingerprint) === true;
    const events = [
      ...(server === undefined ? [] : rotationEvents(line, server, 'the server')),
      // Where the service is in the server its identity is the same, and was followed with it.
      ...(isOne ? [] : rotationEvents(verified.line, known.identity, 'the auth service')),
      answerEvent(verified),
    ];
    const submitted = await chain.appendOwn(events, identity);
    await submitted.durable;
    return true;
  }

  /** What can't be learnt is told to the operator, and the chain goes on with what it knows. */
  #failed(chain: Chain, error: unknown): void {
    if (error instanceof AtedbError && quietReasons.has(error.reason)) return;
    this.#warn(chain, error instanceof Error ? error.message : String(error));
  }

  #warn(chain: Chain, why: string): void {
    const about = `${chain.key.text} ${why}`;
    if (this.#warned.has(about)) return;
    // Bounded, whatever an auth service comes up with.
    if (this.#warned.size >= warnedMax) this.#warned.clear();
    this.#warned.add(about);
    const message = 'the chain was not brought up to date with its owner';
    this.#options.logger.warn({ chain: chain.key.text, why }, message);
  }
}

const warnedMax = 1_000;

/** Told elsewhere, or nobody's fault. */
const quietReasons: ReadonlySet<string> = new Set([
  'AUTH_UNAVAILABLE',
  'SERVER_DRAINING',
  'CHAIN_DELETED',
  'STORAGE_FAILED',
  'CHAIN_READ_ONLY',
]);
