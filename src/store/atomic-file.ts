import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';

/** How `writeFileAtomic` makes its file. */
export interface WriteFileAtomicOptions {
  /** Permission bits of the new file, which the process's umask narrows. */
  mode?: number;
  /** Whether a file of this name may be replaced; when false, one that exists is refused. Default: true. */
  replace?: boolean;
}

/**
 * Write a small file so that, after a crash at any moment, its path names either what was there before or
 * all of `bytes`. When the promise resolves, the file and its name are durable. A symbolic link at `path` is
 * replaced, not followed.
 * @throws AtedbError STORAGE_FAILED with the system's error as cause, whose code is
 *   `EEXIST` when `replace` is false and the file exists.
 */
export async function writeFileAtomic(
  path: string,
  bytes: Buffer | string,
  options: WriteFileAtomicOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeNewFile(temporary, bytes, options.mode ?? 0o666);
    try {
      if (options.replace ?? true) {
        await rename(temporary, path);
      } else {
        // A link, unlike a rename, fails when the name is taken, so that two processes cannot both win.
        await link(temporary, path);
        await unlink(temporary);
      }
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await syncFolder(folder);
  } catch (error) {
    throw storageFailed(`cannot write ${path}`, error);
  }
}

async function writeNewFile(path: string, bytes: Buffer | string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * Make a folder and those above it that do not exist. When the promise resolves, every new folder's name is
 * durable. A folder that exists is left as it is, its mode too; symbolic links to folders are followed.
 * @param mode Permission bits of the new folders, which the process's umask narrows.
 * @throws AtedbError STORAGE_FAILED with the system's error as cause.
 */
export async function makeFolderDurable(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  try {
    let folder = resolve(path);
    while (!(await isFolder(folder))) {
      missing.push(folder);
      folder = dirname(folder);
    }
    for (const name of missing.reverse()) {
      await mkdir(name, { mode }).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        // Another process may have made it a moment ago; its name is synced below all the same.
        if (!(await isFolder(name)))
          throw new Error(`${name} is a symbolic link that leads nowhere`);
      });
      await syncFolder(dirname(name));
    }
  } catch (error) {
    throw storageFailed(`cannot make the folder ${path}`, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return true;
    throw Object.assign(new Error(`${path} is a file, not a folder`), { code: 'ENOTDIR' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Make the names in a folder durable: without this, a file that was synced may still lose its name. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The error for a system error, in words that a user can do something about. */
export function storageFailed(what: string, cause: unknown): AtedbError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new AtedbError('STORAGE_FAILED', `${what}: ${systemErrorInWords(code) ?? message}`, {
    metadata: code === undefined ? {} : { code },
    cause,
  });
}

/** The errors that a user can do something about, without the call and the number that Node puts around them. */
function systemErrorInWords(code: string | undefined): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'no space is left on the device';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'ENOENT':
      return 'the file system lets nothing be made there';
    case 'EEXIST':
      return 'it exists already';
    default:
      return undefined;
  }
}
