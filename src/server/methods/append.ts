import { AppendResponseSchema, ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import { ErrorReason } from '../../../gen/atedb/v1/errors_pb.js';
import { AtedbError, writerBatchesInFlightMax } from '../../bytes/index.ts';
import type { Chain, PreparedBatch, SubmittedBatch } from '../../chain/index.ts';
import { parseChainKey, type SignatureView } from '../../event/index.ts';
import { bidiStream, type DuplexCall, encodeMessage } from '../method.ts';
import { AnswerLine, type AnswerTurn } from './answer-line.ts';
import { type AppendRequestParts, splitAppendRequest } from './append-request.ts';
import { openForAppend } from './append-target.ts';
import { type AttestableBatch, Attestations, attestable } from './attestations.ts';
import { type AdmittedLease, type ChainServiceDeps, requestInvalid } from './deps.ts';
import {
  attestedMessage,
  committedMessage,
  conversationMessage,
  provenMessage,
} from './messages.ts';
import { PlacingLine, type Settled } from './placing-line.ts';
import { RejectedBatches } from './rejected-batches.ts';
import { StreamProofs } from './stream-proofs.ts';

/** Bytes of batches that one stream may have in flight; beyond it, too, the connection holds the rest back. */
const inFlightBytesMax = 16 * 1024 * 1024;

/** `Append`: batches and proofs, many in flight, answered in the order sent. */
export function append(deps: ChainServiceDeps) {
  return bidiStream(ChainService.method.append, async (call) => {
    const stream = new AppendStream(deps, call);
    try {
      await stream.run();
    } finally {
      stream.close();
    }
  });
}

/**
 * One append stream. A batch goes through three stages: its contents are prepared, many at once; it is given its
 * place, in order; it is answered, in order, once it is durable. Whatever else a client sends is answered in turn.
 */
class AppendStream {
  readonly #deps: ChainServiceDeps;
  readonly #call: DuplexCall;
  readonly #proofs: StreamProofs;
  readonly #attestations: Attestations;
  readonly #failure = Promise.withResolvers<never>();
  readonly #placing = new PlacingLine();
  readonly #answers: AnswerLine;
  #chainKey: string | undefined;
  #lease: AdmittedLease | undefined;
  #closed = false;
  /** Ends when the last batch that is to be attested has been. */
  #attested: Promise<unknown> = Promise.resolve();
  #inFlight = 0;
  #inFlightBytes = 0;
  #whenRoom: (() => void) | undefined;
  readonly #rejected = new RejectedBatches();

  constructor(deps: ChainServiceDeps, call: DuplexCall) {
    this.#deps = deps;
    this.#call = call;
    this.#proofs = new StreamProofs({
      serverFingerprint: deps.identity.fingerprint,
      exporter: call.exporter,
    });
    this.#attestations = new Attestations(deps.checkpoints, call.signal);
    this.#answers = new AnswerLine({
      send: (answer) => call.send(answer),
      onFailure: this.#failure.reject,
    });
    // It is awaited by `run`, which may be over before.
    this.#failure.promise.catch(() => undefined);
  }

  async run(): Promise<void> {
    const taken = this.#takeAll().catch(async (error: unknown) => {
      // A message that ends the stream takes nothing away from those before it: each of them is answered.
      await this.#answers.idle();
      await this.#attested;
      throw error;
    });
    await Promise.race([taken, this.#failure.promise]);
  }

  /** The stream has ended: what it held is free. */
  close(): void {
    this.#closed = true;
    this.#whenRoom?.();
    this.#lease?.chain.claims.release(this);
    this.#lease?.[Symbol.dispose]();
    this.#lease = undefined;
  }

  /** A newer stream appends for one of this stream's writers. */
  takenOver(writerId: string): void {
    this.#answers.fail(
      new AtedbError('WRITER_TAKEN_OVER', `a newer stream appends for the writer ${writerId} now`, {
        metadata: { writer_id: writerId },
      }),
    );
  }

  async #takeAll(): Promise<void> {
    for await (const message of this.#call.requests) {
      let isTaken = false;
      try {
        const request = splitAppendRequest(message);
        const chain = await this.#chainOf(request);
        await this.#room();
        if (this.#closed) return;
        isTaken = true;
        this.#deps.owners.used(chain);
        this.#take(chain, request, message.length);
      } finally {
        if (!isTaken) this.#call.free(message.length);
      }
    }
    await this.#answers.idle();
    await this.#attested;
  }

  /** The stream's chain, which its first message names. */
  async #chainOf({ run, chainKey }: AppendRequestParts): Promise<Chain> {
    this.#chainKey ??= chainKey;
    const streamKey = this.#chainKey;
    if (streamKey === undefined) {
      throw requestInvalid('chain_key', "it is required in a stream's first message");
    }
    if (chainKey !== undefined && chainKey !== streamKey) {
      throw requestInvalid(
        'chain_key',
        `a stream is for one chain, and this one's is ${streamKey}`,
      );
    }
    // Who is let in no more appends no more either, where a rule says that everyone may.
    this.#lease?.admission.check();
    return this.#lease?.chain ?? (await this.#open(streamKey, run));
  }

  async #open(chainKey: string, run: Buffer): Promise<Chain> {
    const lease = await openForAppend(this.#deps, parseChainKey(chainKey), run, this.#call);
    const { chain } = lease;
    if (this.#closed) lease[Symbol.dispose]();
    else {
      this.#lease = lease;
      const { signal } = this.#call;
      chain.ended.addEventListener('abort', () => this.#answers.fail(chain.ended.reason), {
        signal,
      });
    }
    return chain;
  }

  /** Wait until less is in flight than may be: the connection holds the rest back. */
  async #room(): Promise<void> {
    const isFull = () =>
      this.#inFlight >= writerBatchesInFlightMax || this.#inFlightBytes >= inFlightBytesMax;
    while (isFull() && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#whenRoom = resolve;
      });
    }
  }

  #take(chain: Chain, request: AppendRequestParts, messageBytes: number): void {
    const { run, proof } = request;
    this.#inFlight += 1;
    this.#inFlightBytes += run.length;
    if (run.length > 0) {
      this.#takeBatch(chain, request, messageBytes);
      return;
    }
    this.#call.free(messageBytes);
    const turn = this.#answers.next({ onSent: () => this.#leave(1, 0) });
    if (proof !== undefined) this.#takeProof(chain, proof, turn);
    else turn.answer(conversationMessage(this.#proofs.conversationId));
  }

  #takeProof(chain: Chain, proof: SignatureView, turn: AnswerTurn): void {
    this.#proofs.prove(chain, proof).then(
      () => turn.answer(provenMessage(proof.fingerprint)),
      (error: unknown) => refuse({ error, sealHash: undefined }, turn),
    );
  }

  #takeBatch(chain: Chain, { run, attest }: AppendRequestParts, messageBytes: number): void {
    const attesting = attest ? this.#attestLater(chain, run) : undefined;
    const turn = this.#answers.next({
      onKnown: () => this.#call.free(messageBytes),
      onSent: () => {
        // What is to be attested stays in flight until it is.
        this.#leave(attest ? 0 : 1, run.length);
        attesting?.sent();
      },
    });
    const place = (outcome: Settled<PreparedBatch>) => {
      const placed = this.#place(chain, outcome);
      attesting?.placed(placed);
      answerWhenSettled(placed, turn);
    };
    this.#placing.add(chain, { run, isProven: this.#proofs.isProven, place });
  }

  /** Attest a batch later; to be told when it has its place or gets none, and when it was answered. */
  #attestLater(chain: Chain, run: Buffer) {
    const placed = Promise.withResolvers<SubmittedBatch | Refusal>();
    const sent = Promise.withResolvers<void>();
    // Of the batch, which may be large, nothing is kept until it is attested.
    const due = placed.promise.then((outcome) =>
      'error' in outcome ? undefined : attestable(run, outcome),
    );
    const turn = Promise.all([sent.promise, this.#attested]);
    this.#attested = this.#attest(chain, due, turn).catch((error: unknown) => {
      this.#answers.fail(error);
    });
    return { placed: placed.resolve, sent: sent.resolve };
  }

  /** Attest a batch when it is answered, and those before it are attested. */
  async #attest(
    chain: Chain,
    due: Promise<AttestableBatch | undefined>,
    turn: Promise<unknown>,
  ): Promise<void> {
    const batch = await due;
    await turn;
    if (this.#answers.hasFailed || this.#closed) return;
    if (batch !== undefined) {
      const attestation = await this.#attestations.attest(chain, batch);
      await this.#call.send(attestedMessage(batch.sealHash, attestation));
    }
    this.#leave(1, 0);
  }

  /** So much is not in flight any more. */
  #leave(batches: number, runBytes: number): void {
    this.#inFlight -= batches;
    this.#inFlightBytes -= runBytes;
    this.#whenRoom?.();
  }

  /** Give a batch its place, or say why it gets none. Doesn't throw, so that those behind it have their turn. */
  #place(chain: Chain, outcome: Settled<PreparedBatch>): SubmittedBatch | Refusal {
    if (this.#closed) return { error: new Error('the stream is closed'), sealHash: undefined };
    if ('error' in outcome) {
      this.#rejected.addUnread();
      return { error: outcome.error, sealHash: undefined };
    }
    const { seal } = outcome.value.batch;
    const writerId = seal.writerIdHex;
    try {
      const submitted = chain.submit(outcome.value);
      if (!submitted.isRetry) {
        this.#rejected.accepted(writerId);
        chain.claims.claim(writerId, this);
      }
      return submitted;
    } catch (error) {
      const isBehindRejected =
        error instanceof AtedbError &&
        error.reason === 'COUNTER_GAP' &&
        this.#rejected.explainGap(writerId);
      this.#rejected.add(writerId);
      return {
        error: isBehindRejected ? predecessorRejected() : error,
        sealHash: seal.hash,
        settled: chain.settled(),
      };
    }
  }
}

/** A batch that got no place. */
interface Refusal {
  readonly error: unknown;
  readonly sealHash: Buffer | undefined;
  /** Ends when what it was decided on is durable. Absent: it follows from the batch alone. */
  readonly settled?: Promise<void>;
}

/** Answer a batch once it is durable, or refused. A failure is no answer: whether it is stored is not known. */
function answerWhenSettled(placed: SubmittedBatch | Refusal, turn: AnswerTurn): void {
  if (!('error' in placed)) {
    const { sealHash, commitHeader, durable } = placed;
    durable.then((head) => turn.answer(committedMessage(sealHash, commitHeader, head)), turn.fail);
  } else if (placed.settled === undefined) refuse(placed, turn);
  else placed.settled.then(() => refuse(placed, turn), turn.fail);
}

function refuse({ error, sealHash }: Refusal, turn: AnswerTurn): void {
  // Anything else is a defect, which ends the stream.
  if (error instanceof AtedbError) turn.answer(rejectedMessage(error, sealHash));
  else turn.fail(error);
}

function rejectedMessage(error: AtedbError, sealHash: Buffer | undefined): Buffer {
  return encodeMessage(AppendResponseSchema, {
    ...(sealHash === undefined ? {} : { sealHash }),
    outcome: {
      case: 'rejected',
      value: {
        reason: ErrorReason[error.reason],
        message: error.message,
        metadata: { ...error.metadata },
      },
    },
  });
}

function predecessorRejected(): AtedbError {
  return new AtedbError(
    'PREDECESSOR_REJECTED',
    'a batch before this one was rejected, so its counter has not come yet. Seal it again, if it is still wanted',
  );
}
