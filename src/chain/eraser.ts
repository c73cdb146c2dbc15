import { setTimeout as delay } from 'node:timers/promises';
import { AtedbError } from '../bytes/index.ts';
import { parseBatch, splitSlice } from '../event/index.ts';
import {
  type ChainLog,
  type ClosedSegment,
  type Erasures,
  readErasures,
  rewriteSegment,
  type ScannedBatch,
  type Storage,
  writeErasures,
} from '../log/index.ts';
import { checkRoom } from './check-room.ts';
import { ErasePace } from './erase-pace.ts';
import {
  type BatchErasure,
  ErasurePlan,
  mayTouch,
  type PlacedRedaction,
  redactionsIn,
} from './erasing.ts';
import { PendingRedactions } from './pending-redactions.ts';
import { SetAsideNames } from './set-aside-names.ts';

/** What an eraser works with. */
export interface EraserOptions {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly log: ChainLog;
  /** Close the active segment, so that it can be rewritten. Resolves when it is closed. */
  readonly closeActive: () => Promise<void>;
  readonly onNotice: (notice: string) => void;
  /** After a failure, milliseconds until it is tried again. Absent: 10,000. */
  readonly retryMs?: number | undefined;
  /**
   * Milliseconds from one closing of an active segment to the next, on average of a few: each makes a file more, which stays small. The more such
   * there are, the longer it is. Absent: 10,000.
   */
  readonly closePauseMs?: number | undefined;
  /** See `ErasePace`. */
  readonly burstMs?: number | undefined;
  /** Waits so many milliseconds, or for the signal, and then rejects. For tests. Absent: by the clock. */
  readonly pause?: ((pauseMs: number, signal: AbortSignal) => Promise<void>) | undefined;
}

const retryDefaultMs = 10_000;
const closePauseDefaultMs = 10_000;
/** Active segments that are closed without a pause. */
const closingsMax = 8;
/** Closed segments below so many bytes are small: with each so many of them the pauses become longer by one. */
const smallBytes = 1024 * 1024;
const smallCount = 100;
const sliceBytesMax = 1024 * 1024;

/**
 * Carries out the redactions of an open chain: what they name is erased from every file of it, by rewriting the segments that hold it. Before
 * a redaction is appended, the file `erasures` says that there may be one; so none is forgotten, whatever happens, and a crash in between
 * costs no more than doing it again.
 */
export class Eraser {
  readonly #options: EraserOptions;
  readonly #pending = new PendingRedactions();
  readonly #end = new AbortController();
  /** As the file says; undefined: it was not read. */
  #noted: Erasures | undefined;
  /** Whether the file is known to say that something is pending. */
  #isMarked = false;
  /** Redactions that have their place and aren't durable yet. */
  #underWay = 0;
  /** What was written to the file last, or is being: one after the other. */
  #noting: Promise<unknown> = Promise.resolve();
  #working: Promise<void> | undefined;
  readonly #setAside: SetAsideNames;
  readonly #pace: ErasePace;
  /** When active segments were closed, oldest first; at most so many. */
  readonly #closingsMs: number[] = [];

  constructor(options: EraserOptions) {
    this.#options = options;
    this.#setAside = new SetAsideNames(options);
    this.#pace = new ErasePace(options.burstMs);
  }

  /** Whether redactions may be appended now; see `mark`. */
  get isMarked(): boolean {
    return this.#isMarked;
  }

  /** Whether it has something to do. */
  get isBusy(): boolean {
    return this.#working !== undefined;
  }

  /** What was set aside of the chain's files: see `SetAsideNames`. @throws AtedbError STORAGE_FAILED. */
  setAside(): Promise<readonly string[]> {
    return this.#setAside.names();
  }

  /** Resolves when there is nothing more to do, or it was ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Go on with what another run of the server has left. */
  resume(): void {
    this.#start(async () => {
      const noted = await this.#read();
      if (!noted.isPending) return;
      this.#isMarked = true;
      this.#pending.addFrom(noted.doneBefore);
    });
  }

  /**
   * Note durably that a redaction may come: it is not to be appended before.
   *
   * @throws AtedbError STORAGE_FAILED.
   */
  async mark(): Promise<void> {
    if (this.#isMarked) return;
    await this.#inTurn(async () => {
      if (this.#isMarked) return;
      const noted = await this.#read();
      // All before were carried out, if none was pending.
      const { nextSequence } = this.#options.log.durable;
      const doneBefore = noted.isPending ? noted.doneBefore : nextSequence;
      await this.#note({ doneBefore, isPending: true });
      this.#isMarked = true;
    });
  }

  /** A batch has its place that has redactions. They are carried out when it is durable. */
  placed(redactions: readonly PlacedRedaction[], durable: Promise<unknown>): void {
    this.#underWay += 1;
    const ended = (those: readonly PlacedRedaction[]) => {
      this.#underWay -= 1;
      this.#add(those);
    };
    // Whoever appended it is told where it fails.
    durable.then(
      () => ended(redactions),
      () => ended([]),
    );
  }

  /** Carry out redactions, which are durable. */
  #add(redactions: readonly PlacedRedaction[]): void {
    for (const one of redactions) this.#pending.add(one);
    this.#start(async () => undefined);
  }

  /** End what is under way. What is left is done when the chain is opened again. */
  async close(): Promise<void> {
    this.#end.abort(new AtedbError('SERVER_DRAINING', 'the chain is being closed'));
    await this.#working;
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const done = this.#noting.then(write);
    this.#noting = done.catch(() => undefined);
    return done;
  }

  async #read(): Promise<Erasures> {
    const { log, onNotice } = this.#options;
    try {
      this.#noted ??= await readErasures(this.#options, log.chainId);
      this.#noted ??= { doneBefore: 0, isPending: false };
    } catch (error) {
      onNotice(
        `how far redactions were carried out is not known, and all are again: ${inWords(error)}`,
      );
      this.#noted = { doneBefore: 0, isPending: true };
    }
    return this.#noted;
  }

  async #note(erasures: Erasures): Promise<void> {
    await writeErasures(this.#options, this.#options.log.chainId, erasures);
    this.#noted = erasures;
  }

  #start(first: () => Promise<void>): void {
    if (this.#end.signal.aborted) return;
    const before = this.#working ?? Promise.resolve();
    const working = before
      .then(() => this.#untilDone(first))
      .finally(() => {
        if (this.#working === working) this.#working = undefined;
      });
    this.#working = working;
  }

  /** Try until all is done, or the end. Never rejects. */
  async #untilDone(first: () => Promise<void>): Promise<void> {
    const { log, onNotice, retryMs = retryDefaultMs } = this.#options;
    const { signal } = this.#end;
    for (let isFirst = true; !signal.aborted; ) {
      try {
        if (isFirst) await first();
        isFirst = false;
        await this.#work();
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (log.trouble !== undefined) {
          onNotice(`what is to be erased can't be, as long as the chain can only be read`);
          return;
        }
        onNotice(`what is to be erased is not erased yet, and is tried again: ${inWords(error)}`);
        await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #work(): Promise<void> {
    while (!this.#pending.isEmpty) {
      await this.#pause(this.#pace.restMs(performance.now()));
      // After the pause: what has come meanwhile is carried out together.
      const some = this.#pending.first();
      if (some.length === 0) await this.#find();
      else {
        const startMs = performance.now();
        const worked = () => this.#pace.worked(startMs, performance.now());
        await this.#carryOut(some).finally(worked);
        this.#pending.done(some);
      }
    }
    const isOver = await this.#inTurn(async () => {
      if (!this.#isMarked || this.#underWay > 0 || !this.#pending.isEmpty) return false;
      // In this turn: whoever wants to append one from here on has to say so first.
      this.#isMarked = false;
      const { nextSequence } = this.#options.log.durable;
      await this.#note({ doneBefore: nextSequence, isPending: false });
      return true;
    });
    if (isOver) await this.#tellOfOthers();
  }

  async #pause(pauseMs: number): Promise<void> {
    const { pause = pauseByClock } = this.#options;
    if (pauseMs > 0) await pause(pauseMs, this.#end.signal);
  }

  /** Find those that are in the log alone, as many as there is room for. */
  async #find(): Promise<void> {
    const from = this.#pending.takeFrom();
    if (from === undefined) return;
    try {
      await this.#findFrom(from);
    } catch (error) {
      this.#pending.addFrom(from);
      throw error;
    }
  }

  async #findFrom(from: number): Promise<void> {
    const { log } = this.#options;
    let position = await log.positionOfSequence(from);
    for (;;) {
      this.#end.signal.throwIfAborted();
      const { bytes, next } = await log.readSlice(position, { bytesMax: sliceBytesMax });
      if (bytes.length === 0) return;
      for (const { run, commit } of splitSlice(bytes)) {
        for (const one of redactionsIn(parseBatch(run), commit.firstSequence)) {
          // The batch of that sequence may begin before it.
          if (one.sequence >= from && !this.#pending.add(one)) return;
        }
      }
      position = next;
    }
  }

  async #carryOut(redactions: readonly PlacedRedaction[]): Promise<void> {
    const { log } = this.#options;
    await this.#closeActiveFor(redactions);
    await log.rewriting.exclusively(async () => {
      try {
        await this.#rewriteAll(redactions);
      } finally {
        // What a rewriting that has failed had begun may hold it too, and takes room that others need.
        await log.rewriting.cleanUp();
      }
      // Until then the old files are there.
      await log.rewriting.idle();
    });
  }

  async #rewriteAll(redactions: readonly PlacedRedaction[]): Promise<void> {
    const { closed, active } = this.#options.log.rewriting;
    for (const [place, segment] of closed.entries()) {
      this.#end.signal.throwIfAborted();
      const next = closed[place + 1] ?? active;
      const touching = await this.#touching(redactions, segment, next.firstSequence);
      if (touching.length > 0) await this.#rewrite(segment, next, touching);
    }
  }

  /** Have what is named lie in closed segments. */
  async #closeActiveFor(redactions: readonly PlacedRedaction[]): Promise<void> {
    const { log, closeActive, closePauseMs = closePauseDefaultMs } = this.#options;
    const { closed, active } = log.rewriting;
    const { firstSequence } = active;
    const end = log.durable.nextSequence;
    const isNamed = redactions.some((one) => mayTouch(one, firstSequence, end));
    if (!isNamed || !(await this.#holds(redactions, firstSequence, end))) return;
    if (this.#closingsMs.length === closingsMax) {
      const oldestMs = this.#closingsMs.shift() as number;
      const small = closed.reduce((count, { bytes }) => count + (bytes < smallBytes ? 1 : 0), 0);
      const pauseMs = closePauseMs * (1 + small / smallCount);
      await this.#pause(oldestMs + closingsMax * pauseMs - performance.now());
    }
    await closeActive();
    this.#closingsMs.push(performance.now());
  }

  /** Those that may erase something of a segment. */
  async #touching(
    redactions: readonly PlacedRedaction[],
    { segment, firstSequence }: ClosedSegment,
    end: number,
  ): Promise<readonly PlacedRedaction[]> {
    const { log } = this.#options;
    const touching: PlacedRedaction[] = [];
    for (const one of redactions) {
      if (!mayTouch(one, firstSequence, end)) continue;
      const isThere = (await log.keys.find(segment, one.primaryKey)) !== undefined;
      if (isThere) touching.push(one);
    }
    const isHeld = touching.length > 0 && (await this.#holds(touching, firstSequence, end));
    return isHeld ? touching : [];
  }

  /** Whether anything between two sequences is to be erased, and isn't yet. */
  async #holds(
    redactions: readonly PlacedRedaction[],
    from: number,
    end: number,
  ): Promise<boolean> {
    const { log } = this.#options;
    const plan = new ErasurePlan(redactions);
    let position = await log.positionOfSequence(from);
    while (position.sequence < end) {
      this.#end.signal.throwIfAborted();
      const { bytes, next } = await log.readSlice(position, { bytesMax: sliceBytesMax });
      if (bytes.length === 0) return false;
      for (const { run, commit } of splitSlice(bytes)) {
        if (plan.of(parseBatch(run), commit.firstSequence) !== undefined) return true;
      }
      position = next;
    }
    return false;
  }

  async #rewrite(
    segment: ClosedSegment,
    next: { readonly firstCommit: number; readonly firstSequence: number },
    redactions: readonly PlacedRedaction[],
  ): Promise<void> {
    const { storage, folder, log } = this.#options;
    const { rewriting, chainId } = log;
    const { signal } = this.#end;
    const plan = new ErasurePlan(redactions);
    let now: BatchErasure | undefined;
    const decide = ({ run, commit }: ScannedBatch) => {
      now = plan.of(parseBatch(run), commit.firstSequence);
      return now?.fates;
    };
    await rewriting.prepare();
    await checkRoom(storage, folder, segment.bytes);
    const rewritten = await rewriteSegment({
      ...{ storage, folder, chainId, segment, next, decide },
      redactionOf: (_batch, event) => now?.redactions[event] ?? 0,
      isWanted: () => true,
      keptBytes: () => 0,
      onProgress: () => signal.throwIfAborted(),
    });
    if (rewritten !== undefined) await rewriting.replace(rewritten);
  }

  /** What was set aside, when a crash had torn a file or it was repaired, is left to the operator. */
  async #tellOfOthers(): Promise<void> {
    const { onNotice } = this.#options;
    const files = await this.setAside();
    if (files.length === 0) return;
    onNotice(
      `what was erased may be in what was set aside: ${files.join(', ')}. atedb repair --drop-set-aside removes it`,
    );
  }
}

async function pauseByClock(pauseMs: number, signal: AbortSignal): Promise<void> {
  await delay(pauseMs, undefined, { signal, ref: false });
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
