import { setTimeout as delay } from 'node:timers/promises';
import { AtedbError } from '../bytes/index.ts';
import { baseOf, type CompactTriggers, dueTrigger, type Trigger } from '../compact/index.ts';
import type { ChainKey } from '../event/index.ts';
import type { Chain } from './chain.ts';
import type { CompactionOptions, CompactionReport } from './chain-compaction.ts';
import type { CompactionRunner } from './compaction-job.ts';
import type { ChainLease } from './open-entry.ts';
import { RunnerPool } from './runner-pool.ts';

/** How chains are compacted. */
export interface CompactorSettings extends CompactTriggers {
  /** What was committed in the last so many milliseconds keeps its data. Absent: 30 seconds. */
  readonly horizonMs?: number | undefined;
  /** Chains that are compacted at once. Absent: 1. */
  readonly runnersMax?: number | undefined;
  /** Milliseconds between two looks at the chains that are open. Absent: 5 seconds. */
  readonly checkMs?: number | undefined;
  /** Milliseconds from one compaction of a chain to the next that nobody has asked for, at least. Absent: a minute. */
  readonly pauseMs?: number | undefined;
}

/** What a compactor works with. */
export interface CompactorOptions extends CompactorSettings {
  readonly makeRunner: () => CompactionRunner & { close?(): Promise<void> };
  /** The chains that are open now. */
  readonly openChains: () => Iterable<Chain>;
  /** Have a chain stay open; undefined where it is gone. */
  readonly lease: (key: ChainKey) => Promise<ChainLease | undefined>;
  readonly logger: CompactorLogger;
}

/** Told what was done. */
export interface CompactorLogger {
  info?(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What somebody asks for. */
export type AskedCompaction = Pick<CompactionOptions, 'what' | 'onProgress' | 'signal'>;

const horizonDefaultMs = 30_000;
const checkDefaultMs = 5_000;
const pauseDefaultMs = 60_000;
/** After a failure it is tried again after a pause, after twice that, and so on up to this. */
const retryMsMax = 3_600_000;
/** A compaction takes at most about this part of the time: what is compacted all the time is hardly used for anything else. */
const busyPartMax = 0.1;
/** Chains that are remembered although they are closed. */
const watchesMax = 100_000;

/** What is remembered of a chain between two compactions. Milliseconds are of a clock that never goes back. */
interface Watch {
  readonly key: ChainKey;
  readonly chainId: string;
  baseBytes: number;
  /** When it was compacted last, or first seen. */
  lastMs: number;
  /** Of the log then. */
  lastBytes: number;
  /** Of the log as it was seen last. */
  sizeBytes: number;
  /** Whether there is a snapshot to be carried out. */
  hasSnapshot: boolean;
  failures: number;
  notBeforeMs: number;
  isQueued: boolean;
}

/**
 * Compacts chains when they are due: those that are open, and those that were closed after they had changed. A few at once, the
 * others wait; nobody who opens a chain waits for any of them.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  /** By chain key, in the order in which they were seen first. */
  readonly #watches = new Map<string, Watch>();
  readonly #runners: RunnerPool;
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #checks: Promise<void>;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#runners = new RunnerPool(options.makeRunner, options.runnersMax ?? 1);
    this.#checks = options.mode === 'never' ? Promise.resolve() : this.#check();
  }

  /**
   * Compact a chain since somebody asks for it, or find out what that would do.
   *
   * @param chain must stay open.
   * @throws AtedbError as `ChainCompaction.run`; SERVER_DRAINING.
   */
  async ask(chain: Chain, asked: AskedCompaction): Promise<CompactionReport> {
    const signal = AbortSignal.any([asked.signal, this.#end.signal]);
    const report = await this.#track(
      this.#runners.use(signal, (runner) =>
        chain.compaction.run({ ...asked, ...this.#how, runner, isAsked: true, signal }),
      ),
    );
    if (asked.what === 'compact') this.#compacted(this.#watch(chain), chain, report);
    return report;
  }

  /** Take note of what a chain is that is about to be closed. */
  seen(chain: Chain): void {
    if (this.#options.mode !== 'never') this.#watch(chain);
  }

  /** End all that is under way, and begin nothing more. */
  async close(): Promise<void> {
    this.#end.abort(new AtedbError('SERVER_DRAINING', 'the server is shutting down'));
    await this.#checks;
    await Promise.allSettled(this.#running);
    await this.#runners.close();
  }

  get #how() {
    return { horizonMs: this.#options.horizonMs ?? horizonDefaultMs };
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    const { checkMs = checkDefaultMs } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      await delay(checkMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) this.#look();
    }
  }

  #look(): void {
    for (const chain of this.#options.openChains()) this.#watch(chain);
    const now = performance.now();
    for (const watch of this.#watches.values()) {
      if (watch.isQueued || now < watch.notBeforeMs) continue;
      const trigger = this.#dueTrigger(watch, now);
      if (trigger === undefined) continue;
      watch.isQueued = true;
      this.#track(this.#runDue(watch, trigger)).catch(() => undefined);
    }
  }

  #dueTrigger(watch: Watch, now: number): Trigger | undefined {
    const { sizeBytes, lastBytes, lastMs } = watch;
    // Somebody has asked for it, and by it the chain may become a fraction of what it is.
    if (watch.hasSnapshot) return 'snapshot';
    watch.baseBytes = baseOf(watch.baseBytes, sizeBytes);
    const isModified = sizeBytes !== lastBytes;
    const { baseBytes } = watch;
    const growth = { sizeBytes, baseBytes, elapsedMs: now - lastMs, isModified };
    const trigger = dueTrigger(this.#options, growth);
    if (trigger === undefined || isModified) return trigger;
    // Nothing has become dead since.
    watch.lastMs = now;
    return undefined;
  }

  /** What is remembered of an open chain, as it is now. */
  #watch(chain: Chain): Watch {
    const { text } = chain.key;
    const chainId = chain.genesis.chainId.toString('hex');
    const sizeBytes = chain.log.bytes;
    const known = this.#watches.get(text);
    const hasSnapshot = chain.compaction.isSnapshotDue;
    if (known?.chainId === chainId) {
      known.sizeBytes = sizeBytes;
      known.hasSnapshot = hasSnapshot;
      return known;
    }
    const { compacted } = chain.log.rewriting;
    const now = performance.now();
    // By the clock that was written down; where that has gone back since, it has only just been.
    const elapsedMs = compacted === undefined ? 0 : Math.max(0, Date.now() - compacted.timeUnixMs);
    const watch: Watch = {
      ...{
        key: chain.key,
        chainId,
        sizeBytes,
        hasSnapshot,
        failures: 0,
        notBeforeMs: 0,
        isQueued: false,
      },
      baseBytes: compacted?.bytes ?? 0,
      lastBytes: compacted?.bytes ?? 0,
      lastMs: now - elapsedMs,
    };
    this.#watches.set(text, watch);
    for (const oldest of this.#watches.keys()) {
      if (this.#watches.size <= watchesMax) break;
      this.#watches.delete(oldest);
    }
    return watch;
  }

  async #runDue(watch: Watch, trigger: Trigger): Promise<void> {
    const { lease, logger } = this.#options;
    const { signal } = this.#end;
    const { text } = watch.key;
    try {
      await this.#runners.use(signal, async (runner) => {
        using held = await lease(watch.key);
        const chain = held?.chain;
        if (chain === undefined || chain.genesis.chainId.toString('hex') !== watch.chainId) {
          this.#watches.delete(text);
          return;
        }
        await this.#compact(watch, chain, { runner, trigger });
      });
    } catch (error) {
      if (signal.aborted) return;
      watch.failures += 1;
      const { pauseMs = pauseDefaultMs } = this.#options;
      const retryMs = Math.min(retryMsMax, pauseMs * 2 ** (watch.failures - 1));
      watch.notBeforeMs = performance.now() + retryMs;
      const why = error instanceof Error ? error.message : String(error);
      const again = `it is tried again in ${Math.ceil(retryMs / 1_000)} s`;
      logger.warn({ chain: text, trigger, err: error }, `compaction has failed, ${again}: ${why}`);
    } finally {
      watch.isQueued = false;
    }
  }

  async #compact(
    watch: Watch,
    chain: Chain,
    { runner, trigger }: { runner: CompactionRunner; trigger: Trigger },
  ): Promise<void> {
    // Damage is for the operator; whoever opens the chain again after that begins anew.
    if (chain.log.trouble !== undefined || !chain.compaction.mayHaveDead) {
      this.#done(watch, chain, 0);
      return;
    }
    const { signal } = this.#end;
    const how = { ...this.#how, runner, signal, isAsked: false, what: 'compact' as const };
    const report = await chain.compaction.run(how);
    this.#compacted(watch, chain, report);
    const { bytesBefore, bytesAfter, durationMs, forgotten } = report;
    if (forgotten?.refused !== undefined) {
      this.#options.logger.warn({ chain: watch.key.text }, forgotten.refused);
    }
    const fields = { chain: watch.key.text, trigger, bytesBefore, bytesAfter, durationMs };
    if (bytesAfter < bytesBefore) this.#options.logger.info?.(fields, 'a chain was compacted');
  }

  #compacted(watch: Watch, chain: Chain, { durationMs, bytesAfter }: CompactionReport): void {
    this.#done(watch, chain, durationMs);
    watch.baseBytes = bytesAfter;
  }

  #done(watch: Watch, chain: Chain, durationMs: number): void {
    const { pauseMs = pauseDefaultMs } = this.#options;
    const now = performance.now();
    watch.sizeBytes = chain.log.bytes;
    watch.hasSnapshot = chain.compaction.isSnapshotDue;
    watch.lastBytes = watch.sizeBytes;
    watch.baseBytes = watch.sizeBytes;
    watch.lastMs = now;
    watch.failures = 0;
    watch.notBeforeMs = now + Math.max(pauseMs, durationMs / busyPartMax);
  }

  #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running);
    const forget = () => this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }
}
