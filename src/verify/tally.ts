import { dataStates } from '../event/index.ts';
import type { VerifiedBatch } from '../trust/index.ts';

/** A number of batches, and of the events in them. */
export interface Amount {
  readonly batches: number;
  readonly events: number;
}

/** What one key wrote. */
export interface KeyTally extends Amount {
  /** In hex. */
  readonly fingerprint: string;
  /** How many writers have used it: a client is one, or several. */
  readonly writers: number;
  /** Of the batches, with events and seals. */
  readonly bytes: number;
  /** Of these, what only the server vouches for. */
  readonly serverOnly: Amount;
}

/** Who vouches for what. */
export interface Vouched {
  /** What has a signature of its writer on it. */
  readonly signed: Amount;
  /** What has none, and is covered by one on a later batch of the same writer, through the chain of seals. */
  readonly coveredLater: Amount;
  /** What only the server of a centralized chain vouches for. */
  readonly serverOnly: Amount;
}

/** Where a writer stands after its last batch. */
export interface WriterState {
  readonly nextCounter: number;
  readonly lastCommit: number;
  readonly endSequence: number;
  /** Size of the largest head that it has named. */
  readonly asOfSize: number;
}

/** Events whose data is not there any more, or that are not there themselves. */
export interface Gone {
  /** Whole events, under a snapshot. */
  readonly forgotten: number;
  readonly dropped: number;
  readonly redacted: number;
  readonly expired: number;
}

class Count {
  batches = 0;
  events = 0;

  add({ batches, events }: Amount): void {
    this.batches += batches;
    this.events += events;
  }
}

interface WriterTally {
  readonly fingerprint: string;
  readonly all: Count;
  bytes: number;
  /** Without a signature, since its last batch with one. */
  unsigned: Count;
  /** Without a signature, and never covered by a later one, since what was in between is gone. */
  readonly uncovered: Count;
  state: WriterState;
}

/** Counts what a history holds, as it is verified. */
export class Tally {
  readonly #writers = new Map<string, WriterTally>();
  readonly #all = new Count();
  readonly #signed = new Count();
  readonly #coveredLater = new Count();
  #gone = { forgotten: 0, dropped: 0, redacted: 0, expired: 0 };
  #redactions = 0;
  #passedHeads = 0;

  add({ gap, batch, commit, vouchedBy }: VerifiedBatch): void {
    const { seal, count, bytes } = batch;
    this.#gone.forgotten += gap?.events ?? 0;
    this.#addGone(batch);
    const amount = { batches: 1, events: count };
    const writer = this.#writerOf(seal.writerId, seal.fingerprint);
    // Its seal says nothing of those that aren't the ones right before it.
    if (seal.counter !== writer.state.nextCounter) {
      writer.uncovered.add(writer.unsigned);
      writer.unsigned = new Count();
    }
    writer.bytes += bytes.length;
    writer.state = {
      nextCounter: seal.counter + 1,
      lastCommit: commit.commit,
      endSequence: commit.firstSequence + count,
      asOfSize: Math.max(writer.state.asOfSize, seal.asOf?.size ?? 0),
    };
    writer.all.add(amount);
    this.#all.add(amount);
    if (vouchedBy === 'server') {
      writer.unsigned.add(amount);
      return;
    }
    this.#signed.add(amount);
    if (writer.unsigned.batches === 0) return;
    this.#coveredLater.add(writer.unsigned);
    writer.unsigned = new Count();
  }

  /** A head that is known lies within what is gone, and can't be compared. */
  passHead(): void {
    this.#passedHeads += 1;
  }

  /** How many such heads there are. */
  get passedHeads(): number {
    return this.#passedHeads;
  }

  get gone(): Gone {
    return { ...this.#gone };
  }

  /** Number of redactions. */
  get redactions(): number {
    return this.#redactions;
  }

  #addGone(batch: VerifiedBatch['batch']): void {
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.isGone(index)) this.#gone.forgotten += 1;
      if (batch.kindOf(index) === 'redaction') this.#redactions += 1;
      const state = batch.dataStateOf(index);
      if (state === dataStates.dropped) this.#gone.dropped += 1;
      else if (state === dataStates.redacted) this.#gone.redacted += 1;
      else if (state === dataStates.expired) this.#gone.expired += 1;
    }
  }

  get all(): Amount {
    return { ...this.#all };
  }

  /** Where all writers stand now, by their ids in hex. */
  states(): ReadonlyMap<string, WriterState> {
    return new Map([...this.#writers].map(([id, { state }]) => [id, state]));
  }

  vouched(): Vouched {
    const serverOnly = new Count();
    for (const { unsigned, uncovered } of this.#writers.values()) {
      serverOnly.add(unsigned);
      serverOnly.add(uncovered);
    }
    return {
      signed: { ...this.#signed },
      coveredLater: { ...this.#coveredLater },
      serverOnly: { ...serverOnly },
    };
  }

  /** By key, in the order of their first batches. */
  keys(): KeyTally[] {
    const keys = new Map<string, { writers: number; bytes: number; all: Count; server: Count }>();
    for (const { fingerprint, all, bytes, unsigned, uncovered } of this.#writers.values()) {
      const key = keys.get(fingerprint) ?? {
        ...{ writers: 0, bytes: 0 },
        ...{ all: new Count(), server: new Count() },
      };
      keys.set(fingerprint, key);
      key.writers += 1;
      key.bytes += bytes;
      key.all.add(all);
      key.server.add(unsigned);
      key.server.add(uncovered);
    }
    return [...keys].map(([fingerprint, { writers, bytes, all, server }]) => {
      return { fingerprint, writers, bytes, ...all, serverOnly: { ...server } };
    });
  }

  #writerOf(writerId: Buffer, fingerprint: Buffer): WriterTally {
    const id = writerId.toString('hex');
    let writer = this.#writers.get(id);
    if (writer === undefined) {
      writer = {
        fingerprint: fingerprint.toString('hex'),
        all: new Count(),
        bytes: 0,
        unsigned: new Count(),
        uncovered: new Count(),
        state: { nextCounter: 0, lastCommit: 0, endSequence: 0, asOfSize: 0 },
      };
      this.#writers.set(id, writer);
    }
    return writer;
  }
}
