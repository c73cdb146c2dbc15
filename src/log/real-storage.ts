import * as fs from 'node:fs';
import { sep } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from './damage.ts';
import { DescriptorPool } from './descriptor-pool.ts';
import { PooledFile } from './pooled-file.ts';
import { Semaphore } from './semaphore.ts';
import type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
  StorageSpace,
} from './storage.ts';

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

/** Where nobody says otherwise. */
const descriptorsMaxDefault = 4_096;

/** The file system of this machine. */
export class RealStorage implements Storage {
  readonly #syncs: Semaphore;
  readonly #pool: DescriptorPool;
  readonly #files = new Set<PooledFile>();

  /**
   * @param options.syncsMax syncs that may run at once. Below the size of the thread pool, so that a slow disk never stops
   *   the reads that share the pool.
   * @param options.descriptorsMax files that have a descriptor at once, beside those in use; others get theirs back when they
   *   are used.
   */
  constructor(options: { readonly syncsMax?: number; readonly descriptorsMax?: number } = {}) {
    this.#syncs = new Semaphore(options.syncsMax ?? syncsMaxOf(process.env.UV_THREADPOOL_SIZE));
    this.#pool = new DescriptorPool(options.descriptorsMax ?? descriptorsMaxDefault);
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const options = { path, flags: flagsByMode[mode], mode: fileMode };
    const file = await PooledFile.open(options, this.#pool);
    this.#files.add(file);
    return new RealFile(file, this.#syncs, () => this.#files.delete(file));
  }

  async rename(from: string, to: string): Promise<void> {
    await fs.promises.rename(from, to);
    for (const file of this.#files) {
      if (file.path === from) file.path = to;
      else if (file.path.startsWith(from + sep)) file.path = to + file.path.slice(from.length);
    }
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
    // A file like any other here, so that it finds a descriptor where there are few.
    const folder = await PooledFile.open({ path, flags: O_RDONLY, mode: 0 }, this.#pool);
    try {
      await this.#syncs.run(() => folder.use((descriptor) => fsync(descriptor)));
    } finally {
      await folder.close();
    }
  }

  async remove(path: string): Promise<void> {
    await fs.promises.unlink(path);
  }

  async removeFolder(path: string): Promise<void> {
    await fs.promises.rmdir(path);
  }

  async list(path: string): Promise<StorageName[]> {
    const entries = await fs.promises.readdir(path, { withFileTypes: true });
    return entries
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async space(path: string): Promise<StorageSpace> {
    const { bavail, blocks, bsize } = await fs.promises.statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
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
  readonly #file: PooledFile;
  readonly #syncs: Semaphore;
  readonly #onClosed: () => void;

  constructor(file: PooledFile, syncs: Semaphore, onClosed: () => void) {
    this.#file = file;
    this.#syncs = syncs;
    this.#onClosed = onClosed;
  }

  read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    return this.#file.use(async (descriptor) => {
      const fits = into !== undefined && into.length >= length;
      const bytes = fits ? into.subarray(0, length) : Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length) {
        const count = await readAt(descriptor, bytes, filled, offset + filled);
        if (count === 0) return bytes.subarray(0, filled);
        filled += count;
      }
      return bytes;
    });
  }

  write(offset: number, bytes: Buffer): Promise<void> {
    return this.#file.change((descriptor) => writeAll(descriptor, offset, bytes));
  }

  writeDurable(offset: number, bytes: Buffer): Promise<void> {
    return this.#syncs.run(async () => {
      await this.write(offset, bytes);
      await this.#file.sync(async (descriptor) => {
        if (!writesAreDurable) await fdatasync(descriptor);
      });
    });
  }

  truncate(bytes: number): Promise<void> {
    return this.#file.change((descriptor) => truncateTo(descriptor, bytes));
  }

  datasync(): Promise<void> {
    return this.#syncs.run(() => this.#file.sync((descriptor) => fdatasync(descriptor)));
  }

  size(): Promise<number> {
    return this.#file.use(async (descriptor) => (await statDescriptor(descriptor)).size);
  }

  async close(): Promise<void> {
    this.#onClosed();
    await this.#file.close();
  }
}

async function writeAll(descriptor: number, offset: number, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await writeAt(descriptor, bytes, written, offset + written);
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
