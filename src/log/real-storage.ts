import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './damage.ts';
import { Semaphore } from './semaphore.ts';
import type { OpenMode, Storage, StorageEntry, StorageFile, StorageName } from './storage.ts';

// Descriptors and callbacks, not FileHandle: its promises cost more than the system call behind a small write.

/**
 * On Linux, files that are written are opened with O_DSYNC: a write then is a write and an fdatasync in one visit to
 * the thread pool, which is a tenth to a quarter faster. Elsewhere O_DSYNC may stop at the drive's cache (macOS), and
 * `datasync` does not.
 */
const writesAreDurable = process.platform === 'linux';

const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
const durableFlag = writesAreDurable ? fs.constants.O_DSYNC : 0;
const flagsByMode: Record<OpenMode, number> = {
  read: O_RDONLY,
  update: O_RDWR | durableFlag,
  replace: O_RDWR | O_CREAT | O_TRUNC | durableFlag,
};

/** A log holds what its writers may not show to everyone. */
const fileMode = 0o600;
const folderMode = 0o700;

const openDescriptor = promisify(fs.open);
const closeDescriptor = promisify(fs.close);

/** The file system of this machine. */
export class RealStorage implements Storage {
  readonly #syncs: Semaphore;

  /**
   * @param syncsMax syncs that may run at once. Below the size of the thread pool, so that a slow disk never stops
   *   the reads that share the pool.
   */
  constructor(syncsMax = syncsMaxOf(process.env.UV_THREADPOOL_SIZE)) {
    this.#syncs = new Semaphore(syncsMax);
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    return new RealFile(await openDescriptor(path, flagsByMode[mode], fileMode), this.#syncs);
  }

  async rename(from: string, to: string): Promise<void> {
    await fs.promises.rename(from, to);
  }

  async makeFolder(path: string): Promise<boolean> {
    try {
      await fs.promises.mkdir(path, { mode: folderMode });
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  async syncFolder(path: string): Promise<void> {
    const descriptor = await openDescriptor(path, O_RDONLY);
    try {
      await this.#syncs.run(() => fsync(descriptor));
    } finally {
      await closeDescriptor(descriptor);
    }
  }

  async remove(path: string): Promise<void> {
    await fs.promises.unlink(path);
  }

  async list(path: string): Promise<StorageName[]> {
    const entries = await fs.promises.readdir(path, { withFileTypes: true });
    return entries
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async stat(path: string): Promise<StorageEntry | undefined> {
    const found = await unlessMissing(fs.promises.lstat(path));
    if (!found?.isSymbolicLink()) return found && entryOf(found);
    const target = await unlessMissing(fs.promises.stat(path));
    return { ...(target ? entryOf(target) : { kind: 'other', bytes: 0 }), isLink: true };
  }
}

function entryOf(stats: fs.Stats): StorageEntry {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  return { kind, bytes: stats.size };
}

async function unlessMissing(stats: Promise<fs.Stats>): Promise<fs.Stats | undefined> {
  try {
    return await stats;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

class RealFile implements StorageFile {
  readonly #descriptor: number;
  readonly #syncs: Semaphore;

  constructor(descriptor: number, syncs: Semaphore) {
    this.#descriptor = descriptor;
    this.#syncs = syncs;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const fits = into !== undefined && into.length >= length;
    const bytes = fits ? into.subarray(0, length) : Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const count = await readAt(this.#descriptor, bytes, filled, offset + filled);
      if (count === 0) return bytes.subarray(0, filled);
      filled += count;
    }
    return bytes;
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await writeAt(this.#descriptor, bytes, written, offset + written);
    }
  }

  async writeDurable(offset: number, bytes: Buffer): Promise<void> {
    await this.#syncs.run(async () => {
      await this.write(offset, bytes);
      if (!writesAreDurable) await fdatasync(this.#descriptor);
    });
  }

  async truncate(bytes: number): Promise<void> {
    await truncateTo(this.#descriptor, bytes);
  }

  async datasync(): Promise<void> {
    await this.#syncs.run(() => fdatasync(this.#descriptor));
  }

  async size(): Promise<number> {
    return (await statDescriptor(this.#descriptor)).size;
  }

  async close(): Promise<void> {
    await closeDescriptor(this.#descriptor);
  }
}

const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const truncateTo = promisify(fs.ftruncate);
const statDescriptor = promisify(fs.fstat);

function readAt(descriptor: number, into: Buffer, at: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, into, at, into.length - at, offset, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

function writeAt(descriptor: number, from: Buffer, at: number, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(descriptor, from, at, from.length - at, offset, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

/** Node's pool has four threads unless the environment says otherwise. */
function syncsMaxOf(threadPoolSize: string | undefined): number {
  const threads = Number(threadPoolSize) || 4;
  return Math.max(1, threads - Math.max(1, Math.floor(threads / 4)));
}
