import { constants } from 'node:fs';
import { access, realpath, rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { makeFolderDurable } from '../store/index.ts';
import { UsageError } from './errors.ts';
import type { Given } from './flags.ts';

/** Where logs go unless told otherwise. */
export const defaultLogsPath = '/opt/ate';

/** Logs hold what people wrote, and the server's key: their folder is its owner's alone. */
const logsFolderMode = 0o700;

/** Where the logs are. */
export interface LogsPath {
  /** Absolute, without symbolic links: one spelling a folder. */
  path: string;
  /** Why it is not the default, where the default was meant. */
  instead?: string;
}

/** Put the home folder in place of a `~` at the start, which the shell leaves alone in variables and quotes. */
export function expandHome(path: string): string {
  if (path === '~') return homedir();
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/**
 * Find the folder of the logs, and make it if it is missing: what the user named; else /opt/ate, and `~/ate`
 * where that cannot be written.
 * @throws UsageError for a folder that cannot be used, saying why.
 */
export async function prepareLogsPath(
  given: Given<string> | undefined,
  candidates: readonly [string, string] = [defaultLogsPath, expandHome('~/ate')],
): Promise<LogsPath> {
  if (given !== undefined) {
    return { path: await openForWriting(given.source, resolve(expandHome(given.value))) };
  }
  const [usual, fallback] = candidates;
  try {
    return { path: await openForWriting('the default logs path', usual) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const path = await openForWriting('the logs path', fallback);
    return { path, instead: error.message };
  }
}

/** Whether no server has had its logs there. @param given what the user named; undefined: the default is meant. */
export async function isNewLogsPath(
  given: Given<string> | undefined,
  candidates: readonly [string, string] = [defaultLogsPath, expandHome('~/ate')],
): Promise<boolean> {
  const paths = given === undefined ? candidates : [resolve(expandHome(given.value))];
  const found = await Promise.all(paths.map((path) => isThere(join(path, '_sys'))));
  return !found.includes(true);
}

/** Those of the folders that logs may go to which aren't there yet. @param given, candidates as `prepareLogsPath` has them. */
export async function missingLogsPaths(
  given: Given<string> | undefined,
  candidates: readonly [string, string] = [defaultLogsPath, expandHome('~/ate')],
): Promise<readonly string[]> {
  const paths = given === undefined ? candidates : [resolve(expandHome(given.value))];
  const isMissing = await Promise.all(paths.map(async (path) => !(await isThere(path))));
  return paths.filter((_, index) => isMissing[index]);
}

/** Remove those of some folders that are empty. A server that didn't start leaves nothing that looks like the logs of one that has run. */
export async function removeEmptyFolders(paths: readonly string[]): Promise<void> {
  // Others aren't removed by this, and what went wrong before is what is to be told.
  for (const path of paths) await rmdir(path).catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function openForWriting(what: string, path: string): Promise<string> {
  try {
    await makeFolderDurable(path, logsFolderMode);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    if (error instanceof AtedbError) throw new UsageError(`${what}: ${error.message}`);
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EROFS' ? 'it can not be written' : message;
    throw new UsageError(`${what} ${path} is of no use: ${why}`);
  }
}
