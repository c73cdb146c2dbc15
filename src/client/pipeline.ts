import { AtedbError, type Reason, writerBatchesInFlightMax } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  type DelegatedRight,
  parseCommitHeader,
  type TreeHead,
  type WriterIdentity,
} from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import { AppendQueue, type BatchLimits } from './append-queue.ts';
import { notAttested, type PendingAppend } from './pending-append.ts';
import type { BatchAnswer } from './received.ts';
import { rejection } from './rejection.ts';
import { SealedBatch } from './sealed-batch.ts';
import type { WriterSlot } from './writer-slot.ts';

/** Signatures made at once: as many as the thread pool has threads, unless it was told otherwise. */
const signingMax = 4;
/** Batches in flight that could have taken more: one on its way, one being signed. The rest waits to share a batch. */
const incompleteInFlightMax = 2;
/** A server that calls the same batch a rejected one's successor so often has a defect. */
const predecessorsRejectedMax = 3;

/** Whom the pipeline writes as, and where its batches go. */
export interface Outlet {
  readonly slot: WriterSlot;
  readonly chainId: Buffer;
  readonly key: KeyPair;
  /** Whether batches are signed; they need not be on a stream that has proven the key. */
  readonly signs: boolean;
  /** Whether the chain may not know the key before the writer's first batch. */
  readonly isStranger: boolean;
  /** Of the key by delegations; shown where the chain may not know it. */
  readonly right: DelegatedRight | undefined;
  /** The newest head that was verified. */
  asOf(): TreeHead | undefined;
  /** Send a batch. @param attest whether it is to be attested, too. */
  send(run: Buffer, attest: boolean): void;
}

/** What is due on the stream, in order; without a batch, for a seal that was made void since. */
interface DueAnswer {
  readonly hash: Buffer;
  batch: SealedBatch | undefined;
}

/**
 * From appends to batches to answers. It keeps the order and the writer's chain of seals, and what has no answer
 * yet, to be sent again byte for byte on the next stream. It knows nothing of connections.
 */
export class Pipeline {
  readonly #queue: AppendQueue<PendingAppend>;
  /** Sealed, and without an answer, or not attested yet; in order. */
  #batches: SealedBatch[] = [];
  /** So many of them were sent on this stream. */
  #sent = 0;
  #due: DueAnswer[] = [];
  #outlet: Outlet | undefined;
  #bytes = 0;
  readonly #onChange: () => void;

  /** @param onChange is called when something was answered or given up. */
  constructor(limits: BatchLimits, onChange: () => void) {
    this.#queue = new AppendQueue(limits);
    this.#onChange = onChange;
  }

  /** Whether anything waits for an answer. */
  get isBusy(): boolean {
    return this.#batches.length > 0 || this.#queue.length > 0;
  }

  /** Bytes of events that wait, to be sent or for an answer. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Batches without an answer, in order. */
  get unanswered(): readonly SealedBatch[] {
    return this.#batches.filter((batch) => batch.commitHeader === undefined);
  }

  add(append: PendingAppend): void {
    this.#bytes += append.bytes;
    this.#queue.push(append);
  }

  /**
   * Nobody waits for this append any more: it isn't sent, unless it is in a batch already, whose seal names the others.
   *
   * @returns whether it will never be sent.
   */
  giveUp(append: PendingAppend): boolean {
    if (!this.#queue.remove(append)) {
      this.#dropUnwaited(this.#batches.find((batch) => batch.appends.includes(append)));
      return false;
    }
    this.#bytes -= append.bytes;
    this.#onChange();
    return true;
  }

  /** A stream is there: what has no answer is sent again, then what waits. */
  attach(outlet: Outlet): void {
    this.#outlet = outlet;
    this.#sent = 0;
    this.#due = [];
    this.pump();
  }

  /** The stream is gone. */
  detach(): void {
    this.#outlet = undefined;
  }

  /** Seal and send what may be. */
  pump(): void {
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    while (this.#maySeal()) {
      const isComplete = this.#queue.hasCompleteBatch;
      const batch = new SealedBatch(this.#queue.takeBatch(), isComplete);
      const last = this.#batches.at(-1);
      // Behind what has its answer comes what the slot says: one that was answered later may not be kept.
      this.#seal(batch, last?.commitHeader === undefined ? last : undefined, outlet);
      this.#batches.push(batch);
    }
    for (;;) {
      const batch = this.#batches[this.#sent];
      if (batch?.run === undefined || this.#due.length >= writerBatchesInFlightMax) return;
      for (const append of batch.appends) append.wasSent = true;
      this.#due.push({ hash: batch.hash, batch });
      this.#sent += 1;
      outlet.send(batch.run, batch.attest);
    }
  }

  /**
   * Take the server's next answer.
   *
   * @throws AtedbError VERIFICATION_FAILED for an answer that can't be; the reason of a rejection that is about the
   * writer, not about the batch, and so ends the stream.
   */
  answer(answer: BatchAnswer): void {
    const due = this.#due.shift();
    if (due === undefined) throw impossible('it answers a batch that was not sent');
    const isFor = answer.sealHash.equals(due.hash);
    if (!isFor && (answer.kind === 'committed' || answer.sealHash.length > 0)) {
      throw impossible('it answers another batch than the next one');
    }
    if (answer.kind === 'committed') this.#committed(due.batch, answer);
    else if (due.batch !== undefined) this.#rejected(due.batch, answer);
    this.#onChange();
    this.pump();
  }

  /** The batch of a seal hash that was answered, and waits to be attested; undefined where nobody waits any more. */
  unattested(sealHash: Buffer): SealedBatch | undefined {
    return this.#batches.find(
      (batch) => batch.commitHeader !== undefined && batch.hash.equals(sealHash),
    );
  }

  /** A checkpoint covers a batch: all who have waited for it are told. */
  attested(batch: SealedBatch, checkpoint: SignedHead): void {
    if (!this.#batches.includes(batch)) return;
    this.#drop(batch);
    for (const append of batch.appends) {
      if (append.committed !== undefined) append.resolve({ ...append.committed, checkpoint });
    }
    this.#onChange();
    this.pump();
  }

  /**
   * Go on as another writer. What was sent as the old one may be stored or not, and isn't sent again.
   *
   * @param cause why.
   */
  fork(cause: AtedbError): void {
    const [sent, unsent] = split(this.#batches);
    this.#batches = unsent;
    // Sealed anew when there is a stream: the slot is another writer's then.
    this.#queueAgain();
    this.#reject(sent, (append) => outcomeUnknown(cause, append));
  }

  /** Give everything up. `errorFor` says why, for each. */
  fail(errorFor: (append: PendingAppend) => unknown): void {
    const batches = this.#batches;
    this.#batches = [];
    this.#reject(batches, errorFor);
    for (const append of this.#queue.takeAll()) {
      this.#bytes -= append.bytes;
      append.reject(errorFor(append));
    }
    this.#onChange();
  }

  #maySeal(): boolean {
    if (this.#queue.length === 0 || this.#batches.length >= writerBatchesInFlightMax) return false;
    if (this.#queue.hasCompleteBatch) {
      return count(this.#batches, (batch) => !batch.isSigned) < signingMax;
    }
    const isOpen = (batch: SealedBatch) => !batch.isComplete && batch.commitHeader === undefined;
    return count(this.#batches, isOpen) < incompleteInFlightMax;
  }

  #seal(batch: SealedBatch, before: SealedBatch | undefined, outlet: Outlet): void {
    const { slot, chainId, key, signs, isStranger, right } = outlet;
    const { salt, counter, lastSeal } = slot.state;
    const writer: WriterIdentity = { chainId, fingerprint: key.publicKey.fingerprint, salt };
    const place = {
      counter: before === undefined ? counter : before.counter + 1,
      previous: before === undefined ? lastSeal : before.hash,
      asOf: outlet.asOf(),
    };
    // Known for good once a batch is acknowledged.
    const shows = isStranger && counter === 0;
    batch.seal(writer, { key, signs, shows, right }, place).then(
      () => this.pump(),
      (error: unknown) => this.fail(() => error),
    );
  }

  #committed(
    batch: SealedBatch | undefined,
    answer: BatchAnswer & { readonly kind: 'committed' },
  ): void {
    const header = readCommitHeader(answer.commitHeader);
    if (batch === undefined) throw impossible('it accepts a batch after one that it rejected');
    const fits = header.sealHash.equals(batch.hash) && header.events === batch.events;
    if (!fits || answer.head.size <= header.commit) {
      throw impossible('its commit is not of the batch that it answers');
    }
    // One that was answered before was sent again only to be attested: at the place that it has.
    const before = batch.commitHeader && readCommitHeader(batch.commitHeader);
    if (before !== undefined) {
      const isSame =
        before.commit === header.commit && before.firstSequence === header.firstSequence;
      if (!isSame) throw impossible('it names another place for a batch than it did before');
    } else {
      this.#outlet?.slot.advance(batch.counter + 1, batch.hash);
    }
    if (batch.attest) batch.commitHeader = Buffer.from(answer.commitHeader);
    else this.#drop(batch);
    let firstSequence = header.firstSequence;
    for (const append of batch.appends) {
      append.durable({
        firstSequence,
        lastSequence: firstSequence + append.events - 1,
        commit: header.commit,
        timeUnixMs: header.timeUnixMs,
      });
      firstSequence += append.events;
    }
    this.#dropUnwaited(batch);
  }

  #rejected(batch: SealedBatch, answer: BatchAnswer & { readonly kind: 'rejected' }): void {
    const error = rejection(answer);
    if (writerReasons.has(error.reason)) throw error;
    if (batch.commitHeader !== undefined) {
      this.#refusedAgain(batch, error);
      return;
    }
    const isFollower = error.reason === 'PREDECESSOR_REJECTED';
    batch.predecessorsRejected += isFollower ? 1 : 0;
    if (!isFollower || batch.predecessorsRejected > predecessorsRejectedMax) {
      this.#drop(batch);
      for (const append of batch.appends) append.reject(error);
    }
    this.#sealAgain();
  }

  /** A batch that is durable was sent again to be attested, and refused: that takes nothing of it back. */
  #refusedAgain(batch: SealedBatch, error: AtedbError): void {
    // Whoever had waited for it may have given up meanwhile.
    if (!this.#batches.includes(batch)) return;
    this.#drop(batch);
    for (const append of batch.appends) {
      const { committed } = append;
      append.reject(committed === undefined ? error : notAttested(committed, error.message, error));
    }
  }

  /**
   * Those behind a rejected batch name it as the one before, so none of them can ever be stored: they are sealed
   * anew, in their order.
   */
  #sealAgain(): void {
    const outlet = this.#outlet;
    if (outlet === undefined) return;
    for (const due of this.#due) {
      for (const append of due.batch?.appends ?? []) append.wasSent = false;
      due.batch = undefined;
    }
    // Those that have their answers, and wait to be attested, stay as they are.
    this.#sent = count(this.#batches, (batch) => batch.commitHeader !== undefined);
    let before: SealedBatch | undefined;
    for (const batch of this.unanswered) {
      this.#seal(batch, before, outlet);
      before = batch;
    }
  }

  /** Put the appends of all batches back into the queue, before those that wait there. */
  #queueAgain(): void {
    const waiting = this.#queue.takeAll();
    for (const batch of this.#batches) {
      for (const append of batch.appends) this.#queue.push(append);
    }
    this.#batches = [];
    for (const append of waiting) this.#queue.push(append);
  }

  /** Drop an answered batch that nobody waits for to be attested. */
  #dropUnwaited(batch: SealedBatch | undefined): void {
    if (batch?.commitHeader === undefined || !this.#batches.includes(batch)) return;
    if (batch.appends.some((append) => append.attest && append.isWaitedFor)) return;
    this.#drop(batch);
    this.#onChange();
  }

  #drop(batch: SealedBatch): void {
    const place = this.#batches.indexOf(batch);
    this.#batches.splice(place, 1);
    if (place < this.#sent) this.#sent -= 1;
    for (const append of batch.appends) this.#bytes -= append.bytes;
  }

  #reject(batches: readonly SealedBatch[], errorFor: (append: PendingAppend) => unknown): void {
    for (const append of batches.flatMap((batch) => batch.appends)) {
      this.#bytes -= append.bytes;
      append.reject(errorFor(append));
    }
  }
}

/** These are not about one batch: the writer has to find out where it stands before it goes on. */
const writerReasons: ReadonlySet<Reason> = new Set([
  'WRITER_FORKED',
  'WRITER_TAKEN_OVER',
  'COUNTER_GAP',
  'STORAGE_FAILED',
  // A batch that is sent again may be stored from before, when a write had failed.
  'CHAIN_READ_ONLY',
  'INTERNAL',
  'SERVER_DRAINING',
]);

/** The error of an append that was sent and will get no answer. */
export function outcomeUnknown(cause: AtedbError, append: PendingAppend): AtedbError {
  if (append.committed !== undefined) return notAttested(append.committed, cause.message, cause);
  return new AtedbError(
    'OUTCOME_UNKNOWN',
    `whether ${append.events === 1 ? 'the event is' : `the ${append.events} events are`} stored is not known: ${cause.message}. Read the chain before appending again`,
    { metadata: { cause_reason: cause.reason }, cause },
  );
}

function readCommitHeader(bytes: Buffer) {
  try {
    return parseCommitHeader(bytes);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw impossible(`its commit can't be read: ${error.message}`);
  }
}

function split(batches: readonly SealedBatch[]): [sent: SealedBatch[], unsent: SealedBatch[]] {
  const wasSent = (batch: SealedBatch) => batch.appends.some((append) => append.wasSent);
  return [batches.filter(wasSent), batches.filter((batch) => !wasSent(batch))];
}

function count<T>(values: readonly T[], matches: (value: T) => boolean): number {
  let matched = 0;
  for (const value of values) if (matches(value)) matched += 1;
  return matched;
}

function impossible(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the server's answer to a batch can't be true: ${why}`,
  );
}
