import { statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  KeyPair,
  type KeyPairOptions,
  type PassphraseCosts,
  type PublicKey,
} from '../crypto/index.ts';
import { makeFolderDurable, syncFolder } from './atomic-file.ts';
import {
  formatKeyFile,
  type KeyFile,
  type KeyFileOptions,
  parseKeyFile,
  readKeyText,
  type StoredKey,
  writeKeyText,
} from './key-file.ts';
import { readLogin } from './login-file.ts';
import type { Passphrase } from './passphrase.ts';

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

/** A key of the store as its file says it to all who may read that, without a passphrase. */
export interface KeyDescription {
  name: string;
  /** Absolute path of its file. */
  path: string;
  publicKey: PublicKey;
  created: Date;
  /** Whether a passphrase is needed to use it. */
  isSealed: boolean;
}

/**
 * The folder of a user's keys and of what clients remember: `ATE_HOME`, else `~/.ate`.
 * @param environment Usually `process.env`.
 * @throws AtedbError REQUEST_INVALID where something else than a folder is there.
 */
export function identityHome(environment: Record<string, string | undefined>): string {
  const named = environment.ATE_HOME;
  const isNamed = named !== undefined && named !== '';
  const home = isNamed ? resolve(named) : join(homedir(), '.ate');
  if (mayBeFolder(home)) return home;
  const remedy = isNamed
    ? 'have ATE_HOME name a folder'
    : 'move it away, or name another folder with ATE_HOME';
  throw new AtedbError(
    'REQUEST_INVALID',
    `${home} is to be the folder of keys and logins, and is no folder; ${remedy}`,
    { metadata: { path: home } },
  );
}

function mayBeFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false;
  } catch {
    // What can't be looked at is told by whoever uses it.
    return true;
  }
}

/**
 * A user's key pairs, a file each, below the user's home. Processes may share a store: keys appear whole, and
 * none is ever replaced by another; what seals one can be changed.
 */
export class IdentityStore {
  readonly #home: string;
  readonly #folder: string;

  /** @param home Usually {@link identityHome}; it and the folder of keys are made when the first key is. */
  constructor(home: string) {
    this.#home = resolve(home);
    this.#folder = join(this.#home, 'keys');
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

  /**
   * The name of the key that is used when none is named: that of the user who is logged in, else `defaultKeyName`.
   *
   * @throws AtedbError as `readLogin`.
   */
  async defaultName(): Promise<string> {
    return (await readLogin(this.#home))?.key ?? defaultKeyName;
  }

  /** Names of keys that are here and that whoever is logged in had before, the newest first. @throws AtedbError as `readLogin`. */
  async formerNames(): Promise<string[]> {
    const names = (await readLogin(this.#home))?.formerKeys ?? [];
    const there = new Set(names.length === 0 ? [] : await this.list());
    return names.filter((name) => there.has(name));
  }

  /** Whether there is a key of this name. Its file is not read. */
  async exists(name: string): Promise<boolean> {
    checkKeyName(name);
    return (await this.list()).includes(name);
  }

  /**
   * Load a key.
   * @param passphrase asked for only where the key is sealed.
   * @throws AtedbError REQUEST_INVALID when there is none of this name, or the passphrase is wrong; else as `readKeyFile`.
   */
  async get(name: string, passphrase?: Passphrase): Promise<Identity> {
    const path = this.#pathOf(name);
    const file = await this.#read(name, path);
    return { name, path, ...(await file.open(passphrase)) };
  }

  /** Describe a key, for which no passphrase is needed. @throws AtedbError as {@link get}. */
  async describe(name: string): Promise<KeyDescription> {
    const path = this.#pathOf(name);
    const { publicKey, created, isSealed } = await this.#read(name, path);
    return { name, path, publicKey, created, isSealed };
  }

  /**
   * Make a new key; it is durable when the promise resolves.
   * @param options of which suite it is, and what seals it.
   * @throws AtedbError REQUEST_INVALID when the name is taken.
   */
  async create(name: string, options: KeyPairOptions & KeyFileOptions = {}): Promise<Identity> {
    const key = { keyPair: KeyPair.generate(options), created: new Date() };
    const path = await this.#add(name, await formatKeyFile(key, options));
    return { name, path, ...key };
  }

  /**
   * Add a key from the text of a key file, as `exportSecret` gives it. One that is sealed stays so, and is not opened.
   * @param where What to call the text in errors.
   * @throws AtedbError REQUEST_INVALID when the name is taken; else as `parseKeyFile`.
   */
  async import(name: string, text: string, where = 'the imported text'): Promise<KeyDescription> {
    const { publicKey, created, isSealed } = parseKeyFile(text, where);
    const path = await this.#add(name, text);
    return { name, path, publicKey, created, isSealed };
  }

  /**
   * Add a key pair, which is durable when the promise resolves.
   * @param options what seals it.
   * @throws AtedbError REQUEST_INVALID when the name is taken.
   */
  async add(name: string, keyPair: KeyPair, options: KeyFileOptions = {}): Promise<Identity> {
    const key = { keyPair, created: new Date() };
    const path = await this.#add(name, await formatKeyFile(key, options));
    return { name, path, ...key };
  }

  /** The name of the key with this fingerprint, in hexadecimal; undefined: there is none. Files that can't be used are passed over. */
  async nameOf(fingerprintHex: string): Promise<string | undefined> {
    for (const name of await this.list()) {
      const key = await this.describe(name).catch(() => undefined);
      if (key?.publicKey.fingerprintHex === fingerprintHex) return name;
    }
    return undefined;
  }

  /** Remove a key. Its secret may be found on the disk for some time. Does nothing where there is none. */
  async remove(name: string): Promise<void> {
    await rm(this.#pathOf(name), { force: true });
    await syncFolder(this.#folder);
  }

  /** The text of a key's file. It is a secret, unless it is sealed: who has it can write as its owner. */
  async exportSecret(name: string): Promise<string> {
    const path = this.#pathOf(name);
    await this.#read(name, path);
    return readKeyText(path);
  }

  /**
   * Seal a key with another passphrase, or with none. It is the same key; its file is replaced by one that is durable when
   * the promise resolves. What was on the disk before may be found there for some time.
   * @param change the passphrase that it has, asked for only where it is sealed, and the one that it gets, asked for only
   * once it is open.
   * @throws AtedbError as {@link get}.
   */
  async changePassphrase(
    name: string,
    change: {
      readonly current?: Passphrase | undefined;
      readonly passphrase?: string | (() => Promise<string>) | undefined;
      readonly costs?: PassphraseCosts | undefined;
    },
  ): Promise<KeyDescription> {
    const { path, keyPair, created } = await this.get(name, change.current);
    const passphrase =
      typeof change.passphrase === 'function' ? await change.passphrase() : change.passphrase;
    const text = await formatKeyFile({ keyPair, created }, { passphrase, costs: change.costs });
    await writeKeyText(path, text, { replace: true });
    const isSealed = passphrase !== undefined;
    return { name, path, publicKey: keyPair.publicKey, created, isSealed };
  }

  async #read(name: string, path: string): Promise<KeyFile> {
    try {
      return parseKeyFile(await readKeyText(path), path);
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

  /** @throws AtedbError REQUEST_INVALID when the name is taken; for whoever wants to know before a key is made. */
  async refuseTaken(name: string): Promise<void> {
    if (await this.exists(name)) throw this.#taken(name);
  }

  async #add(name: string, text: string): Promise<string> {
    const path = this.#pathOf(name);
    await makeFolderDurable(this.#folder, 0o700);
    try {
      await writeKeyText(path, text, { replace: false });
    } catch (error) {
      if (error instanceof AtedbError && error.metadata.code === 'EEXIST') {
        throw this.#taken(name, error);
      }
      throw error;
    }
    return path;
  }

  #taken(name: string, cause?: AtedbError): AtedbError {
    return new AtedbError(
      'REQUEST_INVALID',
      `there is a key "${name}" already, in ${this.#pathOf(name)}; choose another name`,
      { metadata: { name }, cause },
    );
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
