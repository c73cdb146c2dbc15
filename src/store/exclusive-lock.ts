import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AtedbError } from '../bytes/index.ts';
import { storageFailed } from './atomic-file.ts';

/** A lock that this process holds; see {@link acquireExclusiveLock}. */
export interface ExclusiveLock extends AsyncDisposable {
  /** Path of the lock file. */
  readonly path: string;
  /** Give the lock up. Further calls do nothing. The file stays, since deleting it would be a race. */
  release(): Promise<void>;
}

/** SQLite's result code when another connection holds a lock. */
const sqliteBusy = 5;

/** SQLite's own limit is 512, and it needs room for the name of a journal. */
export const lockPathBytesMax = 504;

/** Held databases, so that a lock whose holder forgets it is not dropped by the garbage collector. */
const held = new Set<DatabaseSync>();

/**
 * Take the lock that the file at `path` stands for, or say at once, by `null`, that another process (or this
 * one) holds it. The kernel releases it when the process ends, however it ends, so nothing is left to clean up.
 *
 * Node has no file locks of its own, but its SQLite takes them: this is an empty database in an exclusive
 * transaction, in which nothing is ever written. They are POSIX record locks: they work on local disks and on
 * NFS 4, and no code may open and close the lock file in another way meanwhile, as that would drop them.
 * @throws AtedbError STORAGE_FAILED when the file cannot be made, opened or written, or its path is too long.
 */
export async function acquireExclusiveLock(path: string): Promise<ExclusiveLock | null> {
  const pathBytes = Buffer.byteLength(resolve(path));
  if (pathBytes > lockPathBytesMax) {
    throw new AtedbError(
      'STORAGE_FAILED',
      `cannot lock ${path}: the path has ${pathBytes} bytes, and may have ${lockPathBytesMax}. Choose a shorter one`,
      { metadata: { limit_bytes: String(lockPathBytesMax) } },
    );
  }
  const { DatabaseSync } = loadSqlite();
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // With its journal in memory: in a file it is made, synced and deleted when the lock is given up, which keeps the process for
    // several milliseconds.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    if (errcode === sqliteBusy) return null;
    throw new AtedbError('STORAGE_FAILED', `cannot lock ${path}: ${message}`, { cause: error });
  }
  try {
    // A file that can't be written is opened for reading, and its lock is then none that others would see.
    accessSync(path, constants.W_OK);
  } catch (error) {
    database.close();
    throw storageFailed(`cannot lock ${path}`, error);
  }
  return new SqliteLock(path, database);
}

class SqliteLock implements ExclusiveLock {
  readonly path: string;
  #database: DatabaseSync | undefined;

  constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
    held.add(database);
  }

  async release(): Promise<void> {
    if (this.#database === undefined) return;
    held.delete(this.#database);
    this.#database.close();
    this.#database = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Load Node's SQLite without the warning that it is experimental, which some versions print; others are kept. */
function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((...args: Parameters<typeof emitWarning>) => {
    const aboutSqlite = String(args[0]).includes('SQLite');
    if (!(aboutSqlite && (args as unknown[])[1] === 'ExperimentalWarning')) emitWarning(...args);
  }) as typeof emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
