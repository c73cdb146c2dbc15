import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair, type KeyPairOptions } from '../crypto/index.ts';
import { makeFolderDurable } from './atomic-file.ts';
import {
  formatKeyFile,
  parseKeyFile,
  readKeyFile,
  type StoredKey,
  writeKeyFile,
} from './key-file.ts';

/** The name of the key that is used when none is named. */
export const defaultKeyName = 'default';

const keyNamePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const keySuffix = '.key';

/** A key of the store, by name. */
export interface Identity extends StoredKey {
  name: string;
  /** Absolute path of its file. */
  path: string;
}

/**
 * The folder of a user's keys and of what clients remember: `ATE_HOME`, else `~/.ate`.
 * @param environment Usually `process.env`.
 */
export function identityHome(environment: Record<string, string | undefined>): string {
  const named = environment.ATE_HOME;
  return named === undefined || named === '' ? join(homedir(), '.ate') : resolve(named);
}

/**
 * A user's key pairs, a file each, below the user's home. Processes may share a store: keys appear whole, and
 * none is ever replaced.
 */
export class IdentityStore {
  readonly #folder: string;

  /** @param home Usually {@link identityHome}; it and the folder of keys are made when the first key is. */
  constructor(home: string) {
    this.#folder = join(resolve(home), 'keys');
  }

  /** Names of all keys, sorted. Files that cannot be the store's own are left out. */
  async list(): Promise<string[]> {
    const files = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new AtedbError('STORAGE_FAILED', `cannot list ${this.#folder}: ${error.message}`, {
        cause: error,
      });
    });
    return files
      .filter((file) => file.endsWith(keySuffix))
      .map((file) => file.slice(0, -keySuffix.length))
      .filter((name) => keyNamePattern.test(name))
      .sort();
  }

  /** Whether there is a key of this name. Its file is not read. */
  async exists(name: string): Promise<boolean> {
    checkKeyName(name);
    return (await this.list()).includes(name);
  }

  /**
   * Load a key.
   * @throws AtedbError REQUEST_INVALID when there is none of this name; else as `readKeyFile`.
   */
  async get(name: string): Promise<Identity> {
    const path = this.#pathOf(name);
    try {
      return { name, path, ...(await readKeyFile(path)) };
    } catch (error) {
      if (error instanceof AtedbError && error.metadata.code === 'ENOENT') {
        throw new AtedbError(
          'REQUEST_INVALID',
          `there is no key "${name}" in ${this.#folder}; make one with: atedb key new ${name}`,
          { metadata: { name }, cause: error },
        );
      }
      throw error;
    }
  }

  /**
   * Make a new key; it is durable when the promise resolves.
   * @param options of which suite it is.
   * @throws AtedbError REQUEST_INVALID when the name is taken.
   */
  async create(name: string, options: KeyPairOptions = {}): Promise<Identity> {
    return this.#add(name, { keyPair: KeyPair.generate(options), created: new Date() });
  }

  /**
   * Add a key from the text of a key file, as `exportSecret` gives it.
   * @param where What to call the text in errors.
   * @throws AtedbError REQUEST_INVALID when the name is taken; else as `parseKeyFile`.
   */
  async import(name: string, text: string, where = 'the imported text'): Promise<Identity> {
    return this.#add(name, parseKeyFile(text, where));
  }

  /** The text of a key's file. It is a secret: who has it can write as its owner. */
  async exportSecret(name: string): Promise<string> {
    return formatKeyFile(await this.get(name));
  }

  async #add(name: string, key: StoredKey): Promise<Identity> {
    const path = this.#pathOf(name);
    await makeFolderDurable(this.#folder, 0o700);
    try {
      await writeKeyFile(path, key);
    } catch (error) {
      if (error instanceof AtedbError && error.metadata.code === 'EEXIST') {
        throw new AtedbError(
          'REQUEST_INVALID',
          `there is a key "${name}" already, in ${path}; choose another name`,
          { metadata: { name }, cause: error },
        );
      }
      throw error;
    }
    return { name, path, ...key };
  }

  #pathOf(name: string): string {
    checkKeyName(name);
    return join(this.#folder, `${name}${keySuffix}`);
  }
}

function checkKeyName(name: string): void {
  if (keyNamePattern.test(name)) return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `"${name}" cannot be the name of a key: use 1 to 63 of a-z, 0-9, ".", "_" and "-", ` +
      'with a letter or digit first',
    { metadata: { name } },
  );
}
