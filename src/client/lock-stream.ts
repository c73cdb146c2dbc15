import { ChainService, type LockResponse } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { type KeyPair, signatureContexts } from '../crypto/index.ts';
import { type DelegatedRight, type Genesis, lockProofBytes } from '../event/index.ts';
import { Conversation, untrue } from './conversation.ts';
import { shownRight } from './shown-right.ts';
import type { Transport } from './transport.ts';

type Message = LockResponse['message'];

const { lock } = ChainService.method;
type LockTalk = Conversation<typeof lock.input, typeof lock.output>;

const absent = Buffer.alloc(0);

/** What is asked for on a lock stream. */
export interface LockWish {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  /** What the primary key is made from, where a right to the parent is to do; 16 bytes each. */
  readonly made: { readonly parent: Buffer | undefined; readonly label: Buffer } | undefined;
  readonly noWait: boolean;
  readonly ttlMs: number;
}

/**
 * One lock stream, from its start on: it proves the key, keeps the server sure that this end is alive, and is told by the answers for
 * how long the server is sure.
 */
export class LockStream {
  readonly #talk: LockTalk;
  readonly #ttlMs: number;
  readonly #onSilent: () => void;
  /** When each `alive` was sent that has no answer yet, by `performance.now()`. */
  readonly #unanswered: number[] = [];
  readonly #aliveTimer: NodeJS.Timeout;
  #silenceTimer: NodeJS.Timeout | undefined;
  /** When the last message was sent that the server has answered. */
  #heardMs: number;

  private constructor(
    talk: LockTalk,
    options: {
      ttlMs: number;
      heardMs: number;
      onSilent: () => void;
    },
  ) {
    this.#talk = talk;
    this.#ttlMs = options.ttlMs;
    this.#heardMs = options.heardMs;
    this.#onSilent = options.onSilent;
    // More often than it must be, so that one that is late does no harm.
    this.#aliveTimer = setInterval(() => this.#sayAlive(), this.#ttlMs / 3);
    this.#watch();
  }

  /**
   * Ask for a lock, and prove the key.
   *
   * @param serverFingerprint of the server's identity key, as it says.
   * @param signal ends the stream.
   * @throws AtedbError as the server refuses; VERIFICATION_FAILED for an answer that can't be; as `Conversation.next`.
   */
  static async open(
    transport: Transport,
    about: {
      readonly genesis: Genesis;
      readonly serverFingerprint: Buffer;
      readonly key: KeyPair;
      /** By which the key may; undefined: by rules that name it. */
      readonly right: DelegatedRight | undefined;
      readonly wish: LockWish;
    },
    signal: AbortSignal,
  ): Promise<LockStream> {
    const { genesis, serverFingerprint, key, right, wish } = about;
    const { chainId, chainKey } = genesis;
    const { primaryKey, made, noWait, ttlMs } = wish;
    const { suite, fingerprint } = key.publicKey;
    const { generation } = transport;
    const talk = new Conversation(transport, lock, signal);
    try {
      const startedMs = performance.now();
      const asked = {
        primaryKey,
        parent: made?.parent ?? absent,
        label: made?.label ?? absent,
        key: key.publicKey.toFields(),
        ttlMs,
        noWait,
        ...shownRight(right),
      };
      talk.say({ chainKey: chainKey.text, chainId, message: { case: 'lock', value: asked } });
      const { conversationId: id } = await talk.due('conversation');
      if (id.length !== chainId.length) throw untrue('conversation');
      const conversationId = Buffer.from(id);
      const { exporter } = talk;
      const ties = { exporter, serverFingerprint, chainId, conversationId };
      const claim = { ...ties, fingerprint, primaryKey };
      const signature = await key.sign(signatureContexts.lock, lockProofBytes(claim));
      const proof = { signature: { suite, fingerprint, signature } };
      talk.say({ message: { case: 'proof', value: proof } });
      // The connection may be half dead: a new stream on it would wait as long again.
      const onSilent = () => {
        transport.renew(generation);
        talk.cancel(silent(transport.server, ttlMs));
      };
      return new LockStream(talk, { ttlMs, heardMs: startedMs, onSilent });
    } catch (error) {
      talk.cancel(undefined);
      throw error;
    }
  }

  /** Until when the server keeps what it has given, at the least; by `performance.now()`. */
  get sureUntilMs(): number {
    return this.#heardMs + this.#ttlMs;
  }

  /** End the stream here and now. */
  cancel(reason: unknown): void {
    this.#stopTimers();
    this.#talk.cancel(reason);
  }

  /** Give up what was asked for: the server ends the stream when it has done so. */
  halfClose(): void {
    this.#stopTimers();
    this.#talk.halfClose();
  }

  /**
   * The next news: that others come first, or that the lease is here. One reader at a time, and one at all times: what the server has
   * heard is found by reading, too.
   *
   * @returns undefined where the server has ended the stream.
   * @throws AtedbError as `Conversation.next`; CONNECTION_FAILED where the server was not heard of for as long as it keeps what it has
   * given; VERIFICATION_FAILED.
   */
  async news(): Promise<Extract<Message, { case: 'waiting' | 'granted' }> | undefined> {
    for (;;) {
      const message = await this.#talk.next();
      if (message === undefined) return undefined;
      if (message.case === 'waiting' || message.case === 'granted') return message;
      const sentMs = message.case === 'alive' ? this.#unanswered.shift() : undefined;
      if (sentMs === undefined) throw untrue(message.case);
      this.#heardMs = sentMs;
      this.#watch();
    }
  }

  /** Give the stream up when the server has not been heard of for as long as it waits itself. */
  #watch(): void {
    clearTimeout(this.#silenceTimer);
    const ms = Math.max(0, this.sureUntilMs - performance.now());
    this.#silenceTimer = setTimeout(() => {
      this.#stopTimers();
      this.#onSilent();
    }, ms);
  }

  #stopTimers(): void {
    clearInterval(this.#aliveTimer);
    clearTimeout(this.#silenceTimer);
  }

  #sayAlive(): void {
    this.#unanswered.push(performance.now());
    this.#talk.say({ message: { case: 'alive', value: {} } });
  }
}

function silent(server: string, ms: number): AtedbError {
  return new AtedbError('CONNECTION_FAILED', `nothing was heard of ${server} for ${ms} ms`, {
    metadata: { server },
  });
}
