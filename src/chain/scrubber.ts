import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { ChainKey } from '../event/index.ts';
import {
  type ClosedSegments,
  closedSegments,
  errorCode,
  type SegmentDamage,
  type SegmentToScrub,
  type Storage,
  scrubSegment,
} from '../log/index.ts';
import { chainFolder } from './chain-folder.ts';
import { findChains } from './find-chains.ts';

/** How closed segments are checked in the background. */
export interface ScrubSettings {
  /** Read at most so fast. 0: nothing is read but what is suspected. */
  readonly bytesPerSecond: number;
  /** A segment that was checked is checked again after so many milliseconds. Absent: 7 days. */
  readonly intervalMs?: number | undefined;
  /** Milliseconds before the first round: whoever has just started has other things to read. Absent: a minute. */
  readonly firstMs?: number | undefined;
  /** Milliseconds between two rounds, each of which finds what is due. Absent: an hour. */
  readonly roundMs?: number | undefined;
}

/** Damage of a closed segment. */
export interface FoundDamage {
  readonly key: ChainKey;
  /** Which chain it was that was read: another may have its key by now. */
  readonly chainId: Buffer;
  readonly segment: number;
  readonly damage: SegmentDamage;
}

/** What a scrubber works with. */
export interface ScrubberOptions extends ScrubSettings {
  readonly storage: Storage;
  /** Absolute path that all chains lie below. */
  readonly logsPath: string;
  /** Damage was found in a closed segment. Must not throw. */
  readonly onDamage: (found: FoundDamage) => Promise<void>;
  /** Told in words what could not be checked. */
  readonly onNotice: (notice: string) => void;
}

const intervalDefaultMs = 7 * 24 * 3_600_000;
const firstDefaultMs = 60_000;
const roundDefaultMs = 3_600_000;
/** What is suspected again so soon after it was found to be whole isn't read again. */
const suspectAgainMs = 60_000;

/**
 * Finds damage that nobody has read yet: goes through the closed segments of all chains, whether they are open or not, one
 * after the other and no faster than it may, and checks each against the SHA-256 that was written down when it was closed.
 */
export class Scrubber {
  readonly #options: ScrubberOptions;
  readonly #end = new AbortController();
  /** When segments were checked, by a clock that never goes back. */
  readonly #checkedMs = new Map<string, number>();
  readonly #suspected = new Set<string>();
  #suspects: Promise<void> = Promise.resolve();
  readonly #rounds: Promise<void>;
  /** Until when what was read so far is to take. */
  #dueMs = 0;

  constructor(options: ScrubberOptions) {
    this.#options = options;
    this.#rounds = options.bytesPerSecond > 0 ? this.#run() : Promise.resolve();
  }

  /** Check a segment before all others: reading came upon something. */
  suspect(key: ChainKey, segment: number): void {
    const id = `${key.text}/${segment}`;
    if (this.#end.signal.aborted || this.#suspected.has(id)) return;
    this.#suspected.add(id);
    const rest = async () => {
      this.#end.signal.throwIfAborted();
      await nextTurn();
    };
    this.#suspects = this.#suspects
      .then(() => this.#checkChain(key, { rest, isDue: isDueAgain(this.#checkedMs, segment) }))
      .finally(() => this.#suspected.delete(id));
  }

  /** End what is under way. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.all([this.#rounds, this.#suspects]);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { firstMs = firstDefaultMs, roundMs = roundDefaultMs } = this.#options;
    for (let pauseMs = firstMs; await this.#pause(pauseMs); pauseMs = roundMs) {
      await this.#round();
    }
  }

  /** @returns whether to go on. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#end;
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
    return !signal.aborted;
  }

  async #round(): Promise<void> {
    const { storage, logsPath, onNotice, intervalMs = intervalDefaultMs } = this.#options;
    const before = performance.now() - intervalMs;
    for (const [id, ms] of this.#checkedMs) {
      if (ms <= before) this.#checkedMs.delete(id);
    }
    const isDue = (id: string) => !this.#checkedMs.has(id);
    const rest = (bytes: number) => this.#rest(bytes);
    try {
      for (const key of await findChains(storage, logsPath)) {
        if (this.#end.signal.aborted) return;
        await this.#checkChain(key, { rest, isDue });
      }
    } catch (error) {
      onNotice(`closed segments could not be checked: ${inWords(error)}`);
    }
  }

  /** Never rejects. */
  async #checkChain(
    key: ChainKey,
    how: {
      rest: (bytes: number) => Promise<void>;
      isDue: (id: string, segment: number) => boolean;
    },
  ): Promise<void> {
    const { storage, logsPath, onDamage, onNotice } = this.#options;
    const folder = chainFolder(logsPath, key);
    try {
      const { chainId, pairs } = await closedSegments(storage, folder);
      for (const [segment, next] of pairs) {
        const id = idOf(key, segment);
        if (!how.isDue(id, segment.segment)) continue;
        const { rest } = how;
        const found = await this.#scrub(key, { storage, folder, chainId, segment, next, rest });
        if (found === 'replaced') continue;
        this.#checkedMs.set(id, performance.now());
        if (found === undefined) continue;
        await onDamage({ key, chainId, segment: segment.segment, damage: found });
      }
    } catch (error) {
      if (this.#end.signal.aborted) return;
      onNotice(`closed segments of ${key.text} could not be checked: ${inWords(error)}`);
    }
  }

  /** Check a segment; `replaced` where another file has taken its place meanwhile, which is checked in its turn. */
  async #scrub(key: ChainKey, of: SegmentToScrub): Promise<SegmentDamage | 'replaced' | undefined> {
    const { storage, logsPath } = this.#options;
    const isReplaced = async () => {
      try {
        const { pairs } = await closedSegments(storage, chainFolder(logsPath, key));
        return !pairs.some(([now]) => now.sha256.equals(of.segment.sha256));
      } catch {
        // The chain is deleted, or damaged beyond that: what was found is judged where it is told.
        return false;
      }
    };
    let found: SegmentDamage | undefined;
    try {
      found = await scrubSegment(of);
    } catch (error) {
      if (errorCode(error) === 'ENOENT' && (await isReplaced())) return 'replaced';
      throw error;
    }
    return found !== undefined && (await isReplaced()) ? 'replaced' : found;
  }

  /** After so many bytes: wait until they may have been read. */
  async #rest(bytes: number): Promise<void> {
    const { signal } = this.#end;
    const now = performance.now();
    this.#dueMs = Math.max(this.#dueMs, now) + (bytes / this.#options.bytesPerSecond) * 1000;
    await delay(this.#dueMs - now, undefined, { signal, ref: false });
  }
}

/** Whether it is this chain that its key's folder has now. Damage of its manifest is told when it is opened. */
export async function isChainOf(
  at: { readonly storage: Storage; readonly logsPath: string },
  key: ChainKey,
  chainId: Buffer,
): Promise<boolean> {
  try {
    const now = await closedSegments(at.storage, chainFolder(at.logsPath, key));
    return now.chainId.equals(chainId);
  } catch {
    return false;
  }
}

/** A file that takes the place of another is another. */
function idOf(key: ChainKey, { segment, sha256 }: ClosedSegments['pairs'][number][0]): string {
  return `${key.text}/${segment}/${sha256.toString('hex')}`;
}

function isDueAgain(checkedMs: ReadonlyMap<string, number>, suspected: number) {
  return (id: string, segment: number): boolean =>
    segment === suspected &&
    performance.now() - (checkedMs.get(id) ?? Number.NEGATIVE_INFINITY) > suspectAgainMs;
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
