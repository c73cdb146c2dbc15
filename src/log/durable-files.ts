import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { damageError, errorCode } from './damage.ts';
import { unfinishedSuffix } from './layout.ts';
import { recordBytesMax } from './log-limits.ts';
import type { Storage, StorageFile } from './storage.ts';

/**
 * Give a file its content in one step: after a crash it is there whole, as it was before, or not at all.
 *
 * @param content all of it, or its pieces one after the other.
 */
export async function replaceFile(
  storage: Storage,
  path: string,
  content: Buffer | readonly Buffer[],
): Promise<void> {
  const unfinished = path + unfinishedSuffix;
  await withFile(storage, unfinished, 'replace', (file) =>
    Buffer.isBuffer(content) ? file.writeDurable(0, content) : writePieces(file, content),
  );
  await storage.rename(unfinished, path);
  await storage.syncFolder(dirname(path));
}

async function writePieces(file: StorageFile, pieces: readonly Buffer[]): Promise<void> {
  let at = 0;
  for (const piece of pieces) {
    await file.write(at, piece);
    at += piece.length;
  }
  await file.datasync();
}

/**
 * Read a whole file of records, or undefined where there is none.
 *
 * @throws AtedbError CHAIN_DAMAGED for one that is larger than any such file can be.
 */
export async function readWhole(storage: Storage, path: string): Promise<Buffer | undefined> {
  const entry = await storage.stat(path);
  if (entry?.kind !== 'file') return undefined;
  if (entry.bytes > recordBytesMax) {
    const what = `it has ${entry.bytes} bytes, more than any such file can have`;
    throw damageError({ file: basename(path), offset: 0, what });
  }
  return withFile(storage, path, 'read', (file) => file.read(0, entry.bytes));
}

const hashedAtOnceBytes = 1024 * 1024;

/** The SHA-256 of a whole file. */
export function hashOfFile(storage: Storage, path: string): Promise<Buffer> {
  return withFile(storage, path, 'read', async (file) => {
    const bytes = await file.size();
    const hash = createHash('sha256');
    for (let at = 0; at < bytes; at += hashedAtOnceBytes) {
      hash.update(await file.read(at, Math.min(hashedAtOnceBytes, bytes - at)));
    }
    return hash.digest();
  });
}

/** Open a file, use it, and close it whatever happens. */
export async function withFile<T>(
  storage: Storage,
  path: string,
  mode: 'read' | 'update' | 'replace',
  use: (file: StorageFile) => Promise<T>,
): Promise<T> {
  const file = await storage.open(path, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/**
 * Make a folder and those above it up to `top`, which is made too if need be. Each new name is made durable, also
 * those that an earlier, interrupted call left behind.
 */
export async function makeFolderDurable(
  storage: Storage,
  path: string,
  top: string,
): Promise<void> {
  const parent = dirname(path);
  const atTop = path === top;
  if ((await storage.stat(path)) === undefined) {
    if (parent === path) return;
    await makeFolderDurable(storage, parent, atTop ? parent : top);
    await storage.makeFolder(path);
    await storage.syncFolder(parent);
  } else if (!atTop && path.startsWith(join(top, '/'))) {
    // It may be there and not yet be durable.
    await makeFolderDurable(storage, parent, top);
    await storage.syncFolder(parent);
  }
}

/** A file system that can't be written to can't lose names either. */
const unwritable: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL']);

/**
 * Make the names durable in a folder that is there, its own, and those of the folders above it up to `top`: what is found
 * there may have been renamed by somebody who failed to make that durable.
 */
export async function makeNamesDurable(storage: Storage, path: string, top: string): Promise<void> {
  try {
    await makeFolderDurable(storage, path, top);
    await storage.syncFolder(path);
  } catch (error) {
    if (!unwritable.has(errorCode(error))) throw error;
  }
}
