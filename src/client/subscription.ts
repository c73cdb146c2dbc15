import type { MessageInitShape } from '@bufbuild/protobuf';
import { ChainService, type SubscribeRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError, type Reason } from '../bytes/index.ts';
import type { TreeHead } from '../event/index.ts';
import {
  type SignedHead,
  type StoredBatch,
  splitOrFail,
  type VerifiedBatch,
} from '../trust/index.ts';
import { ChecksAhead } from '../work/index.ts';
import type { AnswerStream } from './admitted-stream.ts';
import { Backoff } from './backoff.ts';
import { type CallOptions, CallScope, sleep } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { isCompacted, isPassing } from './errors-from-grpc.ts';
import { settleExpired } from './has-expired.ts';
import { checkDataUpTo, upTo } from './left-out.ts';
import type { RangeContext } from './range-context.ts';
import { reachRules } from './reach-rules.ts';
import { ReadAhead } from './read-ahead.ts';
import { eventsOfAll } from './read-sealed.ts';
import { parseSubscribeMessage, type SubscribeMessage } from './received.ts';
import { Replay } from './replay.ts';
import { checkFrom, checkResumes, type SubscribeFrom } from './subscribe-from.ts';

/** What a subscription tells beside events. Heads were verified when they are of what was received. */
export type SubscriptionSignal =
  | {
      /**
       * `caught-up`: history is through, what follows is live. `fell-behind`: it is history again.
       * `heartbeat`: nothing happened for a while.
       */
      readonly kind: 'caught-up' | 'fell-behind' | 'heartbeat';
      readonly head: TreeHead;
      /** Sequence that the next event gets. */
      readonly nextSequence: number;
    }
  | {
      /** The server has signed a head of what was received; it was verified. */
      readonly kind: 'checkpoint';
      readonly checkpoint: SignedHead;
    }
  | {
      /** The server was lost, and is tried again after a delay. */
      readonly kind: 'reconnecting';
      readonly delayMs: number;
      readonly cause: AtedbError;
    };

/** How to subscribe. */
export interface SubscribeOptions extends CallOptions {
  /** Default: 'start'. */
  readonly from?: SubscribeFrom | undefined;
  /**
   * Whether the program goes on with what it has kept of all before the sequence that `from` names. Then it ends with HISTORY_COMPACTED where
   * something from there on has gone under a snapshot since, which may have removed what was kept: forget that, and subscribe from the
   * start. Default: true; say false where nothing was kept. By a time it can't be said, since times of what is gone aren't known: a
   * program that keeps something goes on by sequence.
   */
  readonly resumes?: boolean | undefined;
  /** Longest time without a word from the server: 100 to 3,600,000. Default: 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** Data of more bytes than this, as it is stored, is left out (`dataState` is `omitted`); `load` gets it. Default: none is. */
  readonly dataUpTo?: number | undefined;
  /** Told in order with the events. Must not throw. */
  readonly onSignal?: ((signal: SubscriptionSignal) => void) | undefined;
  /** Gives up when the server is lost for so many milliseconds. Default: never. */
  readonly reconnectMs?: number | undefined;
}

const heartbeatDefaultMs = 15_000;
/** A server is taken for dead when so many heartbeats are due and none has come. */
const heartbeatsMissedMax = 2.5;

/** What a server says to one who goes on from where its chain no longer reaches. */
const shorterReasons: ReadonlySet<Reason> = new Set(['SEQUENCE_OUT_OF_RANGE', 'CHAIN_DAMAGED']);

type RequestFrom =
  | { readonly case: 'sequence'; readonly value: bigint }
  | { readonly case: 'timeUnixMs'; readonly value: bigint };

/** One subscription, over as many connections as it takes. */
export class Subscription {
  readonly #context: RangeContext;
  readonly #options: SubscribeOptions;
  readonly #heartbeatMs: number;
  readonly #backoff = new Backoff();
  #replay: Replay | undefined;
  /** Batches that the replay has handed on, and of which something sealed is still to be opened. */
  #unopened: readonly VerifiedBatch[] = [];
  /** Events before this sequence aren't wanted; they come where the start lies within a batch. */
  #firstSequence = 0;
  /** Events before this sequence were handed on. */
  #handedTo = 0;
  #isNowKnown = false;
  #lostSinceMs: number | undefined;

  constructor(context: RangeContext, options: SubscribeOptions) {
    const { dataUpTo } = options;
    checkDataUpTo(dataUpTo);
    this.#context = { ...context, dataUpTo };
    this.#options = options;
    checkFrom(options.from);
    checkResumes(options);
    this.#heartbeatMs = options.heartbeatMs ?? heartbeatDefaultMs;
  }

  /** The events, some at a time; ends by throwing only. */
  async *chunks(): AsyncGenerator<readonly ChainEvent[], void, undefined> {
    using scope = new CallScope(this.#options, this.#context.closed);
    const { signal } = scope;
    for (;;) {
      signal.throwIfAborted();
      try {
        yield* this.#connection(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isCompacted(error)) {
          // What would show that something of what was handed on was removed may be gone, too: whoever has it reads anew.
          if (this.#handedTo > 0 || this.#keptTo !== undefined) throw error;
          this.#replay = undefined;
          continue;
        }
        await this.#checkShorter(error, signal);
        await this.#waitAfter(error, signal);
      }
    }
  }

  /** One connection's worth. */
  async *#connection(signal: AbortSignal): AsyncGenerator<readonly ChainEvent[], void, undefined> {
    const { opener, known } = this.#context;
    // What had come when the server was lost is given first: the replay is behind it.
    if (this.#replay !== undefined) {
      const events = await this.#opened(await this.#replay.handOn());
      if (events.length > 0) yield events;
    }
    const request = await this.#request(signal);
    if (this.#replay === undefined) await this.#reachRules(signal);
    const before = known.newest;
    if (before === undefined) throw new Error('a chain is opened before it is subscribed to');
    let signedBefore = opener.checkpoints.newest;
    let isSigned = false;
    const { transport } = this.#context;
    const { generation } = transport;
    const stream = transport.serverStream(ChainService.method.subscribe, request, signal);
    using checks = new ChecksAhead();
    const read = async () => {
      const message = await this.#next(stream, generation);
      if (message?.kind !== 'log') return message;
      return { ...message, batches: checks.begin(splitOrFail(message.slice)) };
    };
    const messages = new ReadAhead({ read, depth: () => checks.depth, signal });
    try {
      for (;;) {
        const message = await messages.next();
        if (message === undefined) throw this.#ended();
        this.#backoff.reset();
        this.#lostSinceMs = undefined;
        if (message.kind === 'log') {
          const events = await this.#verified(message.batches);
          if (events.length > 0) yield events;
        } else if (message.kind === 'start') {
          const { start } = message;
          if (this.#replay !== undefined) {
            await this.#replay.resume(start);
            continue;
          }
          if (start.startSequence > this.#firstSequence) throw startsLate(start.startSequence);
          // A start beyond what is known: let the known head reach it first, so that both are compared.
          if (start.startCommit > before.size) {
            const head = await opener.extend(before, { signal });
            await known.exclusively(async () => known.advance(before, head));
          }
          // By a time it may start at what was appended since the rules were verified.
          await reachRules(this.#context, start.startSequence, { signal });
          const context = { ...this.#context, keptTo: this.#keptTo };
          this.#replay = await Replay.begin(context, start, before);
        } else if (message.kind === 'checkpoint') {
          const signed = await this.#verifiedCheckpoint(message.note, signal);
          await opener.checkNotOlder(signed, signedBefore);
          await this.#started().attested(signed, { signal });
          signedBefore = signed;
          isSigned = true;
          this.#options.onSignal?.({ kind: 'checkpoint', checkpoint: signed });
        } else {
          if (message.kind === 'caught-up' && !isSigned) throw isUnsigned();
          // What is live comes little by little.
          if (message.kind === 'caught-up') checks.rest();
          await this.#started().name(message.head);
          if (message.kind === 'caught-up') {
            await settleExpired(this.#context, this.#started(), { signal });
            this.#started().checkNothingOwed();
          }
          this.#options.onSignal?.(message);
        }
      }
    } finally {
      stream.cancel(undefined);
    }
  }

  /**
   * Verify a checkpoint. The server may have been started anew with another identity, which the one before vouches for: an opening shows
   * that. What a server before it has signed, and was read late, is then left for a new connection.
   *
   * @throws AtedbError VERIFICATION_FAILED, CONNECTION_FAILED; as an opening of the chain.
   */
  async #verifiedCheckpoint(note: string, signal: AbortSignal): Promise<SignedHead> {
    const { opener, genesis } = this.#context;
    const { checkpoints } = opener;
    const verify = () => checkpoints.verify(note, genesis.chainId);
    const before = checkpoints.knownIdentity;
    try {
      return await verify();
    } catch {
      await opener.open({ signal });
    }
    try {
      return await verify();
    } catch (error) {
      const isAnother = before && checkpoints.knownIdentity?.equals(before) === false;
      throw isAnother ? this.#ended() : error;
    }
  }

  /** What comes before the start is verified first, since the rules for what follows come from it. */
  async #reachRules(signal: AbortSignal): Promise<void> {
    const { from = 'start' } = this.#options;
    if (from === 'start') return;
    // By a time nobody knows yet where it is, but not behind the end.
    const sequence = Number.isFinite(this.#firstSequence) ? this.#firstSequence : undefined;
    await reachRules(this.#context, sequence, { signal });
  }

  async #request(signal: AbortSignal): Promise<MessageInitShape<typeof SubscribeRequestSchema>> {
    const { genesis } = this.#context;
    return {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      heartbeatMs: this.#heartbeatMs,
      from: await this.#from(signal),
      fromCommit: BigInt(this.#replay?.nextCommit ?? 0),
      ...upTo(this.#options.dataUpTo),
    };
  }

  async #from(signal: AbortSignal): Promise<RequestFrom> {
    if (this.#replay !== undefined) {
      return { case: 'sequence', value: BigInt(this.#replay.nextSequence) };
    }
    const { from = 'start' } = this.#options;
    if (typeof from === 'object' && 'timeUnixMs' in from) {
      this.#firstSequence = Number.POSITIVE_INFINITY;
      return { case: 'timeUnixMs', value: BigInt(from.timeUnixMs) };
    }
    if (typeof from === 'object') this.#firstSequence = from.sequence;
    if (from === 'now' && !this.#isNowKnown) {
      // The verified head's own end, so that the start can be compared with it; and the same one at every try.
      const { chain } = await this.#context.opener.open({ signal });
      this.#firstSequence = chain?.nextSequence ?? 0;
      this.#isNowKnown = true;
    }
    return { case: 'sequence', value: BigInt(this.#firstSequence) };
  }

  /** Up to which sequence the program has kept what came before; undefined: nothing. */
  get #keptTo(): number | undefined {
    const { from, resumes } = this.#options;
    if (resumes === false || typeof from !== 'object' || !('sequence' in from)) return undefined;
    return from.sequence;
  }

  async #verified(slice: readonly StoredBatch[]): Promise<readonly ChainEvent[]> {
    return this.#opened(await this.#started().feed(slice));
  }

  /** The events of batches, and of those before that could not be opened, since the server was lost that was to be asked. */
  async #opened(batches: readonly VerifiedBatch[]): Promise<readonly ChainEvent[]> {
    this.#unopened = [...this.#unopened, ...batches];
    if (this.#unopened.length === 0) return [];
    const { from } = this.#options;
    const isByTime = typeof from === 'object' && 'timeUnixMs' in from;
    const first = isByTime ? 0 : this.#firstSequence;
    const range = { from: Math.max(first, this.#handedTo), end: Number.POSITIVE_INFINITY };
    const events = await eventsOfAll(this.#context, this.#unopened, range);
    this.#unopened = [];
    this.#handedTo = Math.max(this.#handedTo, this.#started().nextSequence);
    return events;
  }

  #started(): Replay {
    if (this.#replay !== undefined) return this.#replay;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      'the server sent events before it said where its stream starts. Nothing of them was used',
    );
  }

  /** The next message, or the end of a connection on which even heartbeats have stopped; undefined after the last. */
  async #next(stream: AnswerStream, generation: number): Promise<SubscribeMessage | undefined> {
    const { transport } = this.#context;
    const { server } = transport;
    const silenceMs = this.#heartbeatMs * heartbeatsMissedMax;
    const timer = setTimeout(() => {
      // The connection may be half dead: a new stream on it would wait as long again.
      transport.renew(generation);
      stream.cancel(
        new AtedbError('CONNECTION_FAILED', `nothing came from ${server} for ${silenceMs} ms`, {
          metadata: { server },
        }),
      );
    }, silenceMs);
    try {
      const message = await stream.read();
      return message && parseSubscribeMessage(message);
    } finally {
      clearTimeout(timer);
    }
  }

  #ended(): AtedbError {
    const { server } = this.#context.transport;
    return new AtedbError('CONNECTION_FAILED', `${server} has ended the stream`, {
      metadata: { server },
    });
  }

  /**
   * A server that doesn't know a sequence to go on from may have a shorter chain than it had: then say that.
   *
   * @throws AtedbError HEAD_CONFLICT, CHAIN_DAMAGED.
   */
  async #checkShorter(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof AtedbError) || !shorterReasons.has(error.reason)) return;
    const { known, opener } = this.#context;
    const head = this.#replay === undefined ? known.newest : this.#replay.head();
    if (head !== undefined && head.size > 0) await opener.extend(head, { signal });
  }

  /** After a loss that may pass: wait until it is time to try again. Anything else is thrown on. */
  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof AtedbError) || !isPassing(error)) throw error;
    const { reconnectMs = Number.POSITIVE_INFINITY, onSignal } = this.#options;
    this.#lostSinceMs ??= performance.now();
    if (performance.now() - this.#lostSinceMs >= reconnectMs) throw error;
    const delayMs = this.#backoff.next();
    onSignal?.({ kind: 'reconnecting', delayMs, cause: error });
    await sleep(delayMs, signal);
  }
}

function isUnsigned(): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    'the server says that all was sent, and shows no checkpoint of it',
  );
}

function startsLate(startSequence: number): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the server's stream starts at sequence ${startSequence}, which is after the one asked for. Nothing of it was used`,
  );
}
