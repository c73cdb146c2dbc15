import { setTimeout as delay } from 'node:timers/promises';
import { AtedbError } from '../bytes/index.ts';
import type { Batch, EventKind } from '../event/index.ts';
import type { Storage } from '../log/index.ts';
import { isFromServer } from '../trust/index.ts';

/** What a reserve is of. */
export interface DiskReserveOptions {
  readonly storage: Storage;
  /** Absolute path on the disk. */
  readonly path: string;
  /** Bytes that are to stay free. 0: none. */
  readonly bytes: number;
  /** Part of the disk that is kept at most: on a small one it is less than `bytes`. Absent: all of it. */
  readonly partMax?: number | undefined;
  /** Milliseconds between two looks. Absent: 2 seconds. */
  readonly checkMs?: number | undefined;
  /** Told in words when the disk is full, and when it isn't any more. */
  readonly onNotice: (notice: string) => void;
}

const checkDefaultMs = 2_000;
/** Removals take room too, until there is some: what is left below this part of the reserve is for compaction alone, and for what is to be erased. */
const removalsPart = 0.5;
/** Chains grow again when so much more is free than has to be: not for each byte that is freed. */
const againFactor = 1.1;

/**
 * Keeps a part of the disk free for what makes room: compaction, which writes a segment before it removes one, and tombstones. When
 * only that is left, chains take nothing else.
 */
export class DiskReserve {
  readonly #options: DiskReserveOptions;
  readonly #end = new AbortController();
  readonly #checks: Promise<void>;
  #freeBytes: number | undefined;
  /** By removals, since it was looked. */
  #takenBytes = 0;
  /** What is kept of this disk. */
  #bytes = 0;
  #isTouched = false;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
    this.#checks = options.bytes === 0 ? Promise.resolve() : this.#run();
  }

  /**
   * Check that a batch may be appended as things are.
   *
   * @throws AtedbError DISK_FULL.
   */
  check(batch: Batch): void {
    // What the server adds is little, and without it nothing is taken at all once the last answer about the owner has expired.
    if (!this.#isTouched || isFromServer(batch)) return;
    const bytes = this.#bytes;
    const left = (this.#freeBytes ?? 0) - this.#takenBytes;
    if (makesRoom(batch) && left >= bytes * removalsPart) {
      this.#takenBytes += batch.bytes.length;
      return;
    }
    throw new AtedbError(
      'DISK_FULL',
      `the server's disk has ${this.#freeBytes} bytes left, and ${bytes} are kept for compaction and for removing objects, which goes on. Make room`,
      { metadata: { free_bytes: String(this.#freeBytes), needed_bytes: String(bytes) } },
    );
  }

  /** End looking. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#checks;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { checkMs = checkDefaultMs } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.#look();
      await delay(checkMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { storage, path, partMax = 1, onNotice } = this.#options;
    // Where it can't be told, the disk itself will.
    const space = await storage.space(path).catch(() => undefined);
    if (space === undefined) return;
    const free = space.freeBytes;
    const bytes = Math.min(this.#options.bytes, Math.floor(space.totalBytes * partMax));
    this.#bytes = bytes;
    this.#freeBytes = free;
    this.#takenBytes = 0;
    if (!this.#isTouched && free < bytes) {
      this.#isTouched = true;
      onNotice(
        `the disk is full: ${free} bytes are left, and ${bytes} are kept for compaction. Chains take nothing but removals; make room`,
      );
    } else if (this.#isTouched && free >= bytes * againFactor) {
      this.#isTouched = false;
      onNotice('the disk has room again, and chains take everything');
    }
  }
}

const kindsThatMakeRoom: ReadonlySet<EventKind | 'gone'> = new Set([
  'tombstone',
  'redaction',
  'snapshot',
]);

/** Whether a batch leads to less: it removes objects, has data erased, or says what may be gone, and does nothing else. */
function makesRoom(batch: Batch): boolean {
  for (let index = 0; index < batch.count; index += 1) {
    if (!kindsThatMakeRoom.has(batch.kindOf(index))) return false;
  }
  return true;
}
