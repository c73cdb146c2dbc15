import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { makeFolderDurable, syncFolder, writeFileAtomic } from './atomic-file.ts';
import { keyFileMode } from './key-file.ts';
import { readLimitedText } from './limited-text.ts';

/** Who is logged in on this machine, and with which key of the store. */
export interface StoredLogin {
  /** `name@domain`. */
  readonly account: string;
  /** `host:port` of the auth service. */
  readonly server: string;
  /** Name of the user's key in the store. */
  readonly key: string;
  /** Names, in the store, of those that the user had before, the newest first. */
  readonly formerKeys: readonly string[];
  /** Names of those of them that logging in has put there, so that logging out takes them away. */
  readonly addedKeys: readonly string[];
}

const format = 'atedb-login-2';
const fileBytesMax = 4_096;
const fields = {
  account: 'string',
  server: 'string',
  key: 'string',
  formerKeys: 'names',
  addedKeys: 'names',
} as const;

/** Where a home folder keeps who is logged in. */
function pathIn(home: string): string {
  return join(resolve(home), 'login.json');
}

/**
 * Read who is logged in.
 *
 * @returns undefined: nobody is.
 * @throws AtedbError REQUEST_INVALID for what is not a file of this kind; STORAGE_FAILED.
 */
export async function readLogin(home: string): Promise<StoredLogin | undefined> {
  const path = pathIn(home);
  let text: string;
  try {
    text = await readLimitedText(path, { what: 'file of the login', bytesMax: fileBytesMax });
  } catch (error) {
    if (error instanceof AtedbError && error.metadata.code === 'ENOENT') return undefined;
    throw error;
  }
  const value = parsed(text);
  const isWhole =
    value?.format === format &&
    Object.entries(fields).every(([name, kind]) => isOf(kind, value[name]));
  if (isWhole) return value as unknown as StoredLogin;
  throw new AtedbError(
    'REQUEST_INVALID',
    `${path} does not say who is logged in as this version writes it. Delete it, and log in again`,
    { metadata: { path } },
  );
}

/** Keep who is logged in, durable when the promise resolves. @throws AtedbError as `writeFileAtomic`. */
export async function writeLogin(home: string, login: StoredLogin): Promise<void> {
  await makeFolderDurable(resolve(home), 0o700);
  const { account, server, key, formerKeys, addedKeys } = login;
  const text = JSON.stringify({ format, account, server, key, formerKeys, addedKeys }, null, 2);
  await writeFileAtomic(pathIn(home), `${text}\n`, { mode: keyFileMode });
}

/** Forget who is logged in. */
export async function removeLogin(home: string): Promise<void> {
  await rm(pathIn(home), { force: true });
  await syncFolder(resolve(home));
}

function isOf(kind: (typeof fields)[keyof typeof fields], value: unknown): boolean {
  if (kind === 'string') return typeof value === 'string';
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
