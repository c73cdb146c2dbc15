import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  acquireExclusiveLock,
  type ExclusiveLock,
  makeFolderDurable,
  writeFileAtomic,
} from '../store/index.ts';
import { countField, hexField, readJsonFile } from './json-file.ts';
import { LazySaver } from './lazy-saver.ts';

/** Where a writer stands: so many of its batches are acknowledged, and the last of them. */
export interface WriterState {
  /** 16 bytes. */
  readonly salt: Buffer;
  /** Number of acknowledged batches; the counter of the next one. */
  readonly counter: number;
  /** Seal hash of the last of them; absent for counter 0. */
  readonly lastSeal: Buffer | undefined;
}

const format = 'atedb-writer-1';
const saltBytes = 16;
/** Processes that write to one chain with one key from one home folder at once. */
const slotsMax = 1_000;

/**
 * The state of one writer of one chain. Nobody else has it while it is held: a writer id is for one process at a time,
 * and a second one takes the next slot.
 */
export class WriterSlot {
  /** Of its file; undefined where it is remembered nowhere. */
  readonly path: string | undefined;
  readonly #lock: ExclusiveLock | undefined;
  readonly #saver: LazySaver;
  #state: WriterState;

  private constructor(options: {
    path: string | undefined;
    lock: ExclusiveLock | undefined;
    state: WriterState;
    onError: (error: unknown) => void;
  }) {
    this.path = options.path;
    this.#lock = options.lock;
    this.#state = options.state;
    this.#saver = new LazySaver(() => this.#save(), options.onError);
  }

  /**
   * Take the first free slot of the home folder, `writers/<chain id>/<fingerprint>/slot-N.json`.
   *
   * @param options.home undefined: a new writer that is remembered nowhere.
   * @param options.onError is told when the slot couldn't be written.
   * @throws AtedbError STORAGE_FAILED.
   */
  static async acquire(options: {
    home: string | undefined;
    chainId: Buffer;
    fingerprint: Buffer;
    onError: (error: unknown) => void;
  }): Promise<WriterSlot> {
    const { home, onError } = options;
    if (home === undefined) {
      return new WriterSlot({ path: undefined, lock: undefined, state: newWriter(), onError });
    }
    const chainId = options.chainId.toString('hex');
    const fingerprint = options.fingerprint.toString('hex').slice(0, 16);
    const folder = join(home, 'writers', chainId, fingerprint);
    await makeFolderDurable(folder, 0o700);
    for (let number = 0; number < slotsMax; number += 1) {
      const lock = await acquireExclusiveLock(join(folder, `slot-${number}.lock`));
      if (lock === null) continue;
      try {
        const path = join(folder, `slot-${number}.json`);
        const state = await readSlot(path);
        const slot = new WriterSlot({ path, lock, state: state ?? newWriter(), onError });
        // Before its first use, so that a restored server is noticed from the first batch on.
        if (state === undefined) await slot.#save();
        return slot;
      } catch (error) {
        await lock.release();
        throw error;
      }
    }
    throw new AtedbError(
      'STORAGE_FAILED',
      `${slotsMax} processes write to the chain with this key from ${home}. Stop some, or write from another home folder`,
      { metadata: { path: folder } },
    );
  }

  get state(): WriterState {
    return this.#state;
  }

  /** The last batch that is acknowledged is another now. Saved within a second, and by `close`. */
  advance(counter: number, lastSeal: Buffer | undefined): void {
    this.#state = { ...this.#state, counter, lastSeal };
    if (this.path !== undefined) this.#saver.changed();
  }

  /** Go on as another writer: somebody else has used this one's id. */
  renew(): void {
    this.#state = newWriter();
    if (this.path !== undefined) this.#saver.changed();
  }

  /** Save what isn't saved, and free the slot. */
  async close(): Promise<void> {
    await this.#saver.flush();
    await this.#lock?.release();
  }

  async #save(): Promise<void> {
    if (this.path === undefined) return;
    const { salt, counter, lastSeal } = this.#state;
    const fields = {
      format,
      salt: salt.toString('hex'),
      counter,
      ...(lastSeal === undefined ? {} : { lastSeal: lastSeal.toString('hex') }),
    };
    await writeFileAtomic(this.path, `${JSON.stringify(fields, null, 2)}\n`, { mode: 0o600 });
  }
}

async function readSlot(path: string): Promise<WriterState | undefined> {
  const fields = await readJsonFile(path, format);
  if (fields === undefined) return undefined;
  const counter = countField(path, fields, 'counter');
  return {
    salt: hexField(path, fields, 'salt', saltBytes),
    counter,
    lastSeal: counter === 0 ? undefined : hexField(path, fields, 'lastSeal', 32),
  };
}

function newWriter(): WriterState {
  return { salt: randomBytes(saltBytes), counter: 0, lastSeal: undefined };
}
