import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError, FieldWriter, type Reason } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import type { DelegatedRight, Genesis } from '../event/index.ts';
import { alarmReasons } from './alarm-reasons.ts';
import type { BatchLimits } from './append-queue.ts';
import { Attestations } from './attestations.ts';
import { Backoff } from './backoff.ts';
import type { BuiltEvents } from './build-events.ts';
import { abortable, type CallOptions } from './cancellation.ts';
import { isPassing } from './errors-from-grpc.ts';
import { LocalFailure, locally } from './local-failure.ts';
import { appendRequest } from './make-genesis.ts';
import { type Committed, PendingAppend } from './pending-append.ts';
import { type Outlet, outcomeUnknown, Pipeline } from './pipeline.ts';
import { batchAnswer, proveKey } from './prove-key.ts';
import { parseAppendAnswer } from './received.ts';
import { WriterPlace, type WriterPlaceOptions } from './writer-place.ts';

/** What a writer works with. */
export interface WriterOptions extends WriterPlaceOptions {
  /** Called once, when there is something to write. */
  readonly loadKey: () => Promise<KeyPair>;
  /** By which the key may write; undefined: by rules that name it. */
  readonly right: DelegatedRight | undefined;
  readonly limits: BatchLimits;
  /** Whether every batch is signed, also where a proof would do. */
  readonly signBatches: boolean;
  /** Bytes that may wait before `writable` does. */
  readonly queueBytesMax: number;
  /** How long a lost server is waited for, in milliseconds. */
  readonly reconnectMs: number;
}

/** Field 18 of AppendRequest, behind a batch: it is to be attested, too. */
const attestFlag = new FieldWriter().varint(18, 1).finish();

/** How long a server may take to end a stream after all its batches are answered. */
const closeTimeoutMs = 2_000;

/** One writer of one chain: takes appends, and sees them through lost connections and restarts of the server. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #pipeline: Pipeline;
  readonly #place: WriterPlace;
  readonly #backoff = new Backoff();
  /** Fires when everything is to be given up. */
  readonly #end = new AbortController();
  #key: Promise<KeyPair> | undefined;
  #lostSinceMs: number | undefined;
  /** Whether anything was appended without asking what is to be sealed, since a connection was made last. */
  #isBlind = false;
  #running: Promise<void> | undefined;
  #isClosing = false;
  #pumpPlanned = false;
  /** Called when something changed: work came, or was done. */
  readonly #waiters = new Set<() => void>();
  /** Half-closes the stream under way. */
  #finishStream: (() => void) | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#place = new WriterPlace(options);
    this.#pipeline = new Pipeline(options.limits, () => this.#changed());
  }

  /** Append; resolves when durable, or attested. */
  append(
    built: BuiltEvents,
    options: CallOptions & { readonly wait?: 'durable' | 'attested' | undefined },
  ): Promise<Committed> {
    if (this.#isClosing) {
      return Promise.reject(
        new AtedbError('REQUEST_INVALID', 'the chain is closed. Open it again to append to it'),
      );
    }
    if (built.isRuled !== true) this.#isBlind = true;
    const append = new PendingAppend(built, options, (given) => this.#pipeline.giveUp(given));
    this.#pipeline.add(append);
    this.#running ??= this.#run();
    this.#planPump();
    this.#changed();
    return append.promise;
  }

  /** Create the chain, where there is none yet; else nothing is changed. @throws AtedbError as appending does. */
  async create(signal: AbortSignal): Promise<void> {
    this.#key ??= this.#options.loadKey();
    await this.#place.take(await this.#key, this.#pipeline.unanswered, signal);
  }

  /** Resolves when the queue has room. */
  async writable(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await this.#until(
      () => this.#pipeline.bytes < this.#options.queueBytesMax,
      signal ?? this.#end.signal,
    );
  }

  /**
   * Wait until all appends are answered, then end.
   *
   * @param signal gives them up: those that were sent reject with OUTCOME_UNKNOWN, the others with its reason.
   */
  async close(signal: AbortSignal | undefined): Promise<void> {
    this.#isClosing = true;
    const onAbort = () => this.#abandon(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    this.#changed();
    try {
      await this.#running;
      await this.#place.close();
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Calls of one tick share a batch. */
  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pipeline.pump();
    });
  }

  #abandon(reason: unknown): void {
    const cause = new AtedbError('CONNECTION_FAILED', 'the chain was closed before the answer', {
      cause: reason,
    });
    this.#fail((append) => (append.wasSent ? outcomeUnknown(cause, append) : reason));
    this.#end.abort(reason);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      // Losses count from the first one that somebody waits through.
      if (!this.#pipeline.isBusy) this.#lostSinceMs = undefined;
      try {
        await this.#until(() => this.#pipeline.isBusy || this.#isClosing, signal);
        if (!this.#pipeline.isBusy) return;
        await this.#connection(signal);
      } catch (error) {
        this.#pipeline.detach();
        await this.#afterLoss(error).catch(() => undefined);
      }
    }
  }

  /** Everything from opening the chain to the end of one stream. */
  async #connection(signal: AbortSignal): Promise<void> {
    this.#key ??= locally(this.#options.loadKey());
    const key = await abortable(this.#key, signal).catch((error: unknown) => {
      // Another append may find another key.
      this.#key = undefined;
      throw error;
    });
    const { chainKey, transport, opener, known, signBatches, right } = this.#options;
    const placed = await this.#place.take(key, this.#pipeline.unanswered, signal);
    const { slot, genesis } = placed;
    this.#checkBlind(genesis);
    // All may have been given up meanwhile, and nobody would end a stream that is only to be made.
    if (this.#isClosing && !this.#pipeline.isBusy) return;
    const stream = transport.duplexStream(ChainService.method.append, signal);
    const { fingerprintHex } = key.publicKey;
    const isRoot = genesis.roots.some((root) => root.fingerprintHex === fingerprintHex);
    // A key that the chain doesn't know yet can't be proven to it.
    const isStranger = !isRoot && slot.state.counter === 0;
    const signs = signBatches || isStranger || genesis.trustMode === 'distributed';
    let isFirst = signs;
    const outlet: Outlet = {
      slot,
      chainId: genesis.chainId,
      key,
      signs,
      isStranger,
      right,
      asOf: () => known.newest,
      send: (run, attest) => {
        const request = isFirst ? appendRequest(run, chainKey) : run;
        stream.write(attest ? Buffer.concat([request, attestFlag]) : request);
        isFirst = false;
      },
    };
    const attestations = new Attestations({ opener, known, chainId: genesis.chainId });
    let closeTimer: NodeJS.Timeout | undefined;
    // While the key is being proven there is no batch whose answer would be waited for.
    this.#finishStream = () => stream.cancel(undefined);
    try {
      if (!signs) await proveKey(stream, key, placed);
      this.#finishStream = () => {
        stream.halfClose();
        // A server that never ends the stream isn't waited for: every answer is here.
        closeTimer ??= setTimeout(() => stream.cancel(undefined), closeTimeoutMs);
      };
      this.#pipeline.attach(outlet);
      this.#changed();
      for (
        let message = await stream.read();
        message !== undefined;
        message = await stream.read()
      ) {
        await this.#take(message, attestations, signal);
        this.#lostSinceMs = undefined;
        this.#backoff.reset();
      }
    } finally {
      clearTimeout(closeTimer);
      this.#finishStream = undefined;
      this.#pipeline.detach();
      stream.cancel(undefined);
    }
    if (this.#pipeline.isBusy) throw this.#lost('has ended the stream');
  }

  /**
   * What was built for a chain that was not there is in clear. Somebody else may have created one meanwhile that seals its data.
   *
   * @throws AtedbError READ_RULE_MISMATCH; then it was not sent.
   */
  #checkBlind({ isConfidential, chainKey }: Genesis): void {
    const wasBlind = this.#isBlind;
    this.#isBlind = false;
    if (!wasBlind || isConfidential !== true) return;
    throw new AtedbError(
      'READ_RULE_MISMATCH',
      `the chain ${chainKey.text} was not there, and somebody else has created it as a confidential one: nothing was sent to it in clear. Append again, and it is sealed`,
      { metadata: { chain_key: chainKey.text } },
    );
  }

  /** Take what the server says of a batch. */
  async #take(message: Buffer, attestations: Attestations, signal: AbortSignal): Promise<void> {
    const answer = parseAppendAnswer(message);
    if (answer.kind !== 'attested') {
      this.#pipeline.answer(batchAnswer(answer));
      return;
    }
    const batch = this.#pipeline.unattested(answer.sealHash);
    const checkpoint = await attestations.verify(answer, batch, { signal });
    if (batch !== undefined) this.#pipeline.attested(batch, checkpoint);
  }

  /** Decide what a failure means for what waits. */
  async #afterLoss(error: unknown): Promise<void> {
    const { signal } = this.#end;
    // A stream that is lost while nobody waits for it is opened again when somebody does.
    if (signal.aborted || !this.#pipeline.isBusy) return;
    const { chainKey, onNotice, reconnectMs } = this.#options;
    if (error instanceof LocalFailure) {
      this.#lostSinceMs = undefined;
      const { cause } = error;
      this.#fail((append) =>
        append.wasSent && cause instanceof AtedbError ? outcomeUnknown(cause, append) : cause,
      );
      return;
    }
    if (!(error instanceof AtedbError)) {
      this.#fail(() => error);
      return;
    }
    if (forkReasons.has(error.reason)) {
      this.#place.renew();
      this.#pipeline.fork(error);
      onNotice({
        kind: 'new-writer',
        chainKey: chainKey.text,
        cause: error,
        message: `goes on as a new writer of ${chainKey.text}: ${error.message}`,
      });
      if (!this.#pipeline.isBusy) return;
    } else if (!isPassing(error) && !retriedReasons.has(error.reason)) {
      this.#lostSinceMs = undefined;
      const isAlarm = alarmReasons.has(error.reason);
      this.#fail((append) => (append.wasSent && !isAlarm ? outcomeUnknown(error, append) : error));
      return;
    }
    this.#lostSinceMs ??= performance.now();
    if (performance.now() - this.#lostSinceMs >= reconnectMs) {
      this.#lostSinceMs = undefined;
      const unsent = this.#lost('could not be reached again in time', error);
      this.#fail((append) => (append.wasSent ? outcomeUnknown(error, append) : unsent));
      return;
    }
    const delayMs = this.#backoff.next();
    // A server that calls this writer forked is there, and was told of.
    if (!forkReasons.has(error.reason)) {
      onNotice({
        kind: 'reconnecting',
        chainKey: chainKey.text,
        delayMs,
        cause: error,
        message: `${error.message}; trying again in ${delayMs} ms`,
      });
    }
    await this.#pause(delayMs, signal);
  }

  /** Wait before the next try; not when nobody waits for it any more. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.#changed();
    }, ms);
    try {
      await this.#until(() => isOver || !this.#pipeline.isBusy, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(errorFor: (append: PendingAppend) => unknown): void {
    // What was sent may be stored all the same.
    this.#place.loseTrack();
    this.#pipeline.fail(errorFor);
  }

  #lost(what: string, cause?: AtedbError): AtedbError {
    const { server } = this.#options.transport;
    const why = cause === undefined ? '' : `: ${cause.message}`;
    return new AtedbError('CONNECTION_FAILED', `${server} ${what}${why}`, {
      metadata: { server },
      cause,
    });
  }

  #changed(): void {
    for (const wake of [...this.#waiters]) wake();
    if (this.#isClosing && !this.#pipeline.isBusy) this.#finishStream?.();
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      try {
        await abortable(promise, signal);
      } finally {
        this.#waiters.delete(resolve);
      }
    }
  }
}

/** Somebody else writes as this writer. */
const forkReasons: ReadonlySet<Reason> = new Set(['WRITER_FORKED', 'WRITER_TAKEN_OVER']);

/** Opening again and sending the same batches again may help, and can do no harm. */
const retriedReasons: ReadonlySet<Reason> = new Set([
  'STORAGE_FAILED',
  'INTERNAL',
  'DEADLINE_EXCEEDED',
  'COUNTER_GAP',
  // A ticket that was too old just then; who isn't let in any more is told when the chain is opened again.
  'CHAIN_PRIVATE',
]);
