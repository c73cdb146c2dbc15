import { AtedbError, writerBatchesInFlightMax } from '../bytes/index.ts';
import type { Batch, Genesis, SealView } from '../event/index.ts';
import { admitBatch } from './admit-batch.ts';
import { Authority } from './authority.ts';
import { checkAsOf, checkCounter } from './check-place.ts';
import { checkRedactions } from './check-redactions.ts';
import { answerOf, isAnswerTo, type KeptAnswer, keepAnswer } from './kept-answers.ts';
import { type LatestMark, LatestWriters } from './latest-writers.ts';
import { type ConditionFacts, checkPreconditions } from './preconditions.ts';
import type { Answer, StateRecord, StateRecording, WriterRecord } from './state-record.ts';
import { takeBackAll, type Undo } from './undo.ts';

/** A batch that was accepted: its place in the chain. */
export interface Placed {
  readonly commit: number;
  readonly firstSequence: number;
  readonly timeUnixMs: number;
  readonly commitHeader: Buffer;
}

/** What a batch is decided by, beside the state. */
export interface AdmissionFacts
  extends Partial<Pick<ConditionFacts, 'endOfOthersOn' | 'holdsLease'>> {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timeUnixMs: number;
  /** 32 bytes. */
  readonly asOfRoot: Buffer | undefined;
}

/** All of a writer but its id, by which it is found. */
interface Writer {
  nextCounter: number;
  lastCommit: number;
  endSequence: number;
  asOfSize: number;
  readonly recent: KeptAnswer[];
}

/** What a batch has changed, so that it can be taken back. */
interface Applied {
  readonly commit: number;
  readonly firstSequence: number;
  readonly timeBeforeUnixMs: number;
  readonly latest: LatestMark;
  readonly writerId: string;
  /** Takes back what it changed in the authority. */
  readonly undo: Undo;
  /** Of its writer, before; undefined where it was the writer's first batch. */
  readonly before:
    | (Pick<Writer, 'nextCounter' | 'lastCommit' | 'endSequence' | 'asOfSize'> & {
        /** The answer that made room for this batch's. */
        readonly dropped: KeptAnswer | undefined;
      })
    | undefined;
}

/**
 * The rules of a chain: what it takes next. Pure: no clock, no disk. Batches are given to it in order, first to `admit`
 * and, once they have their place, to `apply`. Those that aren't `settled` can be taken back.
 */
export class ChainState {
  readonly genesis: Genesis;
  /** Who may do what. */
  readonly authority: Authority;
  nextCommit = 0;
  nextSequence = 0;
  /** Time of the last commit: the next one is not before it. */
  timeUnixMs = 0;
  readonly #writers = new Map<string, Writer>();
  readonly #latest = new LatestWriters();
  /** The batches that may be taken back, oldest first. */
  #unsettled: Applied[] = [];
  /** Takes back what the batch that was admitted, and isn't applied yet, changed in the authority. */
  readonly #admitted: Undo = [];
  /** Has what that batch changed changed once more. */
  #admitAgain: (() => void) | undefined;

  constructor(genesis: Genesis, record?: StateRecord) {
    this.genesis = genesis;
    this.authority = record === undefined ? Authority.of(genesis) : new Authority(record.authority);
    if (record === undefined) return;
    this.nextCommit = record.nextCommit;
    this.nextSequence = record.nextSequence;
    this.timeUnixMs = record.timeUnixMs;
    for (const { writerId, ...writer } of record.writers) {
      const id = writerId.toString('hex');
      this.#writers.set(id, { ...writer, recent: writer.recent.map(keepAnswer) });
      this.#latest.wrote(id, writer.endSequence);
    }
  }

  /**
   * The state as plain data, for a snapshot: that after the batches that were applied. One that is admitted, and isn't applied yet, may be the
   * first one behind the snapshot, and is then replayed on it.
   */
  record(): StateRecord {
    return this.#beforeAdmitted(() => ({
      ...this.#frame(),
      authority: this.authority.record(),
    }));
  }

  /** The same, while the state goes on: whoever has many objects has them serialised in pieces. What was begun before is completed. */
  beginRecording(): StateRecording {
    return this.#beforeAdmitted(() => ({
      ...this.#frame(),
      authority: this.authority.beginRecording(),
    }));
  }

  #beforeAdmitted<T>(take: () => T): T {
    if (this.#admitted.length === 0) return take();
    takeBackAll(this.#admitted);
    const taken = take();
    this.#admitAgain?.();
    return taken;
  }

  #frame(): Omit<StateRecord, 'authority'> {
    const writers = [...this.#writers].sort(([, a], [, b]) => a.lastCommit - b.lastCommit);
    return {
      nextCommit: this.nextCommit,
      nextSequence: this.nextSequence,
      timeUnixMs: this.timeUnixMs,
      writers: writers.map(([id, writer]) => ({
        ...writer,
        writerId: Buffer.from(id, 'hex'),
        recent: writer.recent.map(answerOf),
      })),
    };
  }

  /** Number of writers known. */
  get writerCount(): number {
    return this.#writers.size;
  }

  /** What is known of a writer; undefined where it has never written. */
  writer(writerId: Buffer): Omit<WriterRecord, 'writerId' | 'recent'> | undefined {
    return this.#writers.get(writerId.toString('hex'));
  }

  /** Where a writer's chain of seals stands: its next counter, and the hash of its last seal; 32 bytes. */
  standingOf(writerId: Buffer): {
    readonly counter: number;
    readonly previous: Buffer | undefined;
  } {
    const writer = this.#writers.get(writerId.toString('hex'));
    const last = writer?.recent.at(-1);
    const previous = last === undefined ? undefined : answerOf(last).sealHash;
    return { counter: writer?.nextCounter ?? 0, previous };
  }

  /** The answer that the batch of this seal already got, if it is among its writer's last 128. */
  answerTo(seal: SealView): Answer | undefined {
    const writer = this.#writers.get(seal.writerIdHex);
    if (writer === undefined) return undefined;
    // A writer's counters have no gaps, so the seal's says where its answer is.
    const { recent, nextCounter } = writer;
    const place = recent.length - (nextCounter - seal.counter);
    // Nearly always: the batch is a new one.
    if (place < 0 || place >= recent.length) return undefined;
    const kept = recent[place] as KeptAnswer;
    return isAnswerTo(kept, seal.hash) ? answerOf(kept) : undefined;
  }

  /**
   * Refuse a batch that is for another chain, or would begin this one a second time.
   *
   * @throws AtedbError CHAIN_EXISTS, CHAIN_ID_MISMATCH, BATCH_INVALID.
   */
  checkChain(batch: Batch): void {
    const { chainId } = this.genesis;
    const { isGenesis } = batch;
    const metadata = { chain_id: chainId.toString('hex') };
    if (!batch.seal.chainId.equals(chainId)) {
      const offered = batch.seal.chainId.toString('hex');
      throw isGenesis
        ? new AtedbError(
            'CHAIN_EXISTS',
            `the chain ${this.genesis.chainKey.text} exists, with the id ${metadata.chain_id}, and a genesis for ${offered} was offered. Open it instead, if you trust it`,
            { metadata },
          )
        : new AtedbError(
            'CHAIN_ID_MISMATCH',
            `the batch is sealed for the chain ${offered}, and this is ${metadata.chain_id}`,
            { metadata },
          );
    }
    if (isGenesis && this.nextCommit > 0) {
      throw new AtedbError('BATCH_INVALID', 'a genesis is the first batch of a chain only');
    }
  }

  /**
   * Decide whether the chain takes a batch next. Batches that were answered before are found by `answerTo`,
   * first; the batch itself was found good by `checkBatch` and `verifySignatures`.
   *
   * @param facts.timeUnixMs that its commit will have.
   * @param facts.asOfRoot root of the head of the size that the seal names, as this chain had it; undefined where it never
   * had, or hasn't shown, a head of that size.
   * @param facts.endOfOthersOn sequence after the newest event of any writer but the batch's on an object; 0 for none. Absent: always.
   * @param facts.holdsLease whether a lease is held by a token; absent: always.
   * @throws AtedbError as `checkChain`, or WRITER_FORKED, COUNTER_GAP, AS_OF_INVALID, STALE,
   * PRECONDITION_FAILED, LEASE_LOST, REDACTION_INVALID; as `Authority.keysOf` and `Authority.decide`: the batch is refused and nothing has changed.
   */
  admit(batch: Batch, facts: AdmissionFacts): void {
    const { timeUnixMs, asOfRoot, endOfOthersOn = () => 0, holdsLease } = facts;
    // The one admitted before wasn't applied, so it never was.
    takeBackAll(this.#admitted);
    this.checkChain(batch);
    const { seal } = batch;
    const writer = this.#writers.get(seal.writerIdHex);
    checkCounter(batch, writer);
    checkAsOf(batch, writer, asOfRoot);
    this.authority.horizon.checkFresh(batch);
    checkPreconditions(seal.preconditions, {
      firstSequence: this.nextSequence,
      events: seal.events,
      endOfOthers: this.#latest.endOfOthers(seal.writerIdHex),
      endOfOthersOn,
      holdsLease,
    });
    checkRedactions(batch, this.nextSequence);
    this.#authorise(batch, { timeUnixMs, firstSequence: this.nextSequence });
  }

  /**
   * Take a batch that was admitted before, and is read again.
   *
   * @throws AtedbError as `Authority.decide`: it can't have been admitted.
   */
  replay(batch: Batch, placed: Placed): void {
    this.#authorise(batch, placed);
    this.apply(batch.seal, placed);
    this.settled(this.nextCommit);
  }

  #authorise(batch: Batch, at: Pick<Placed, 'timeUnixMs' | 'firstSequence'>): void {
    const { timeUnixMs, firstSequence } = at;
    // The roots that a genesis names have no say before it.
    if (batch.isGenesis) {
      this.authority.checkTakes(timeUnixMs);
      return;
    }
    // Those that its keys were found among may have changed since.
    this.authority.keysOf(batch);
    const chainKey = this.genesis.chainKey.text;
    const decide = () =>
      void this.#admitted.push(
        ...admitBatch(this.authority, batch, { timeUnixMs, firstSequence, chainKey }),
      );
    decide();
    this.#admitAgain = decide;
  }

  /** Take note of a batch that was admitted, by its seal, and of its place. */
  apply(seal: SealView, placed: Placed): void {
    const id = seal.writerIdHex;
    const answer = keepAnswer({ sealHash: seal.hash, commitHeader: placed.commitHeader });
    const endSequence = placed.firstSequence + seal.events;
    const writer = this.#writers.get(id);
    let before: Applied['before'];
    if (writer === undefined) {
      this.#writers.set(id, {
        nextCounter: seal.counter + 1,
        lastCommit: placed.commit,
        endSequence,
        asOfSize: seal.asOf?.size ?? 0,
        recent: [answer],
      });
    } else {
      const { nextCounter, lastCommit, asOfSize } = writer;
      const isFull = writer.recent.length === writerBatchesInFlightMax;
      const dropped = isFull ? writer.recent.shift() : undefined;
      before = { nextCounter, lastCommit, endSequence: writer.endSequence, asOfSize, dropped };
      writer.nextCounter = seal.counter + 1;
      writer.lastCommit = placed.commit;
      writer.endSequence = endSequence;
      writer.asOfSize = seal.asOf?.size ?? writer.asOfSize;
      writer.recent.push(answer);
    }
    this.#unsettled.push({
      commit: placed.commit,
      firstSequence: placed.firstSequence,
      timeBeforeUnixMs: this.timeUnixMs,
      latest: this.#latest.mark(),
      writerId: id,
      undo: this.#admitted.splice(0),
      before,
    });
    this.#admitAgain = undefined;
    this.#latest.wrote(id, endSequence);
    this.nextCommit = placed.commit + 1;
    this.nextSequence = endSequence;
    this.timeUnixMs = placed.timeUnixMs;
  }

  /** The first `commits` batches of the chain are there for good. */
  settled(commits: number): void {
    const { length } = this.#unsettled;
    let count = 0;
    while (count < length && (this.#unsettled[count] as Applied).commit < commits) count += 1;
    if (count > 0) this.#unsettled.splice(0, count);
  }

  /**
   * Take back all batches but the first `commits` of the chain: the state is again what it was before they were applied.
   * Those that were settled can't be among them.
   */
  takeBack(commits: number): void {
    takeBackAll(this.#admitted);
    for (let last = this.#unsettled.at(-1); last !== undefined; last = this.#unsettled.at(-1)) {
      if (last.commit < commits) return;
      this.#unsettled.pop();
      this.#undo(last);
    }
  }

  #undo(applied: Applied): void {
    const { commit, firstSequence, timeBeforeUnixMs, latest, writerId, undo, before } = applied;
    takeBackAll(undo);
    const writer = this.#writers.get(writerId);
    if (writer === undefined || before === undefined) this.#writers.delete(writerId);
    else {
      writer.nextCounter = before.nextCounter;
      writer.lastCommit = before.lastCommit;
      writer.endSequence = before.endSequence;
      writer.asOfSize = before.asOfSize;
      writer.recent.pop();
      if (before.dropped !== undefined) writer.recent.unshift(before.dropped);
    }
    this.#latest.restore(latest);
    this.nextCommit = commit;
    this.nextSequence = firstSequence;
    this.timeUnixMs = timeBeforeUnixMs;
  }
}
