import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './damage.ts';
import type { DescriptorHolder, DescriptorPool } from './descriptor-pool.ts';

const openDescriptor = promisify(fs.open);
const closeDescriptor = promisify(fs.close);

const outOfDescriptors: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/**
 * An open file that has a descriptor only while it is used and for as long as the pool lets it: so a chain that nobody
 * writes to needs none.
 */
export class PooledFile implements DescriptorHolder {
  /** Follows the file when it, or a folder above it, is renamed. */
  path: string;
  readonly #flags: number;
  readonly #pool: DescriptorPool;
  #descriptor: Promise<number> | undefined;
  #users = 0;
  /** Changes to the file so far, and how many of them are known to be on the disk. */
  #changes = 0;
  #changesSynced = 0;
  #isClosed = false;

  private constructor(path: string, flags: number, pool: DescriptorPool) {
    this.path = path;
    this.#flags = flags;
    this.#pool = pool;
  }

  /**
   * Open a file.
   *
   * @param flags of `open(2)`; when it is opened again, without those that would make or empty it.
   */
  static async open(
    options: { path: string; flags: number; mode: number },
    pool: DescriptorPool,
  ): Promise<PooledFile> {
    const { path, flags, mode } = options;
    const { O_CREAT, O_TRUNC } = fs.constants;
    const file = new PooledFile(path, flags & ~(O_CREAT | O_TRUNC), pool);
    await file.#open(flags, mode);
    return file;
  }

  /** Not while there is something to sync: the system tells of what it could not write to those only who had the file open. */
  get isIdle(): boolean {
    return this.#users === 0 && this.#changes === this.#changesSynced;
  }

  /** Use the descriptor. */
  async use<T>(task: (descriptor: number) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw Object.assign(new Error('EBADF: file is closed'), { code: 'EBADF' });
    this.#users += 1;
    try {
      const descriptor = await (this.#descriptor ?? this.#open(this.#flags));
      this.#pool.used(this);
      return await task(descriptor);
    } finally {
      this.#users -= 1;
    }
  }

  /** As `use`, for what changes the file. */
  change<T>(task: (descriptor: number) => Promise<T>): Promise<T> {
    this.#changes += 1;
    return this.use(task);
  }

  /** As `use`, for what makes all changes before it durable. */
  async sync(task: (descriptor: number) => Promise<void>): Promise<void> {
    const changes = this.#changes;
    await this.use(task);
    this.#changesSynced = Math.max(this.#changesSynced, changes);
  }

  async release(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) await closeDescriptor(await descriptor);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pool.closed(this);
    await this.release();
  }

  #open(flags: number, mode?: number): Promise<number> {
    const opening = this.#openInRoom(flags, mode);
    this.#descriptor = opening;
    // One that can't be opened is none: the next user tries again.
    opening.catch(() => {
      if (this.#descriptor === opening) this.#descriptor = undefined;
    });
    return opening;
  }

  async #openInRoom(flags: number, mode?: number): Promise<number> {
    await this.#pool.makeRoom();
    let descriptor: number;
    try {
      descriptor = await openDescriptor(this.path, flags, mode);
    } catch (error) {
      const mayHelp = outOfDescriptors.has(errorCode(error)) && (await this.#pool.closeAllIdle());
      if (!mayHelp) throw error;
      descriptor = await openDescriptor(this.path, flags, mode);
    }
    this.#pool.used(this);
    return descriptor;
  }
}
