import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { parsePublicKeyText, publicKeyText } from '../event/index.ts';
import { IdentityStore, makeFolderDurable, writeFileAtomic } from '../store/index.ts';

const publicSuffix = '.pub';
/** More than any public key takes as text. */
const textBytesMax = 65_536;

/** A public key that the home folder has a name for. */
export interface NamedPublicKey {
  readonly name: string;
  /** Absolute path of its file. */
  readonly path: string;
  readonly publicKey: PublicKey;
  /** Whether its secret half is there, too. */
  readonly isOwn: boolean;
}

/** The public keys of a home folder: those of the user's own keys, and those of others that were added, `keys/NAME.pub`. */
export class KnownKeys {
  readonly #folder: string;
  readonly #own: IdentityStore;
  #all: Promise<readonly NamedPublicKey[]> | undefined;

  /** @param home Usually `identityHome`. */
  constructor(home: string) {
    this.#folder = join(home, 'keys');
    this.#own = new IdentityStore(home);
  }

  /** Those of others, by name. */
  async others(): Promise<readonly NamedPublicKey[]> {
    const files = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const found = files.filter((file) => file.endsWith(publicSuffix)).sort();
    return Promise.all(
      found.map(async (file) => {
        const path = join(this.#folder, file);
        const name = file.slice(0, -publicSuffix.length);
        return { name, path, publicKey: await readPublicKey(path), isOwn: false };
      }),
    );
  }

  /** The key of a name. @throws AtedbError where its file can't be used. */
  async find(name: string): Promise<NamedPublicKey | undefined> {
    if ((await this.#own.list()).includes(name)) {
      const { path, publicKey } = await this.#own.describe(name);
      return { name, path, publicKey, isOwn: true };
    }
    return (await this.others()).find((one) => one.name === name);
  }

  /** The key of a fingerprint, in hexadecimal. Keys whose files can't be used are passed over. */
  async findByFingerprint(fingerprint: string): Promise<NamedPublicKey | undefined> {
    this.#all ??= this.#load();
    return (await this.#all).find(({ publicKey }) => publicKey.fingerprintHex === fingerprint);
  }

  /**
   * Give somebody else's public key a name.
   *
   * @throws AtedbError REQUEST_INVALID where the name is taken, or can be none.
   */
  async add(name: string, publicKey: PublicKey): Promise<NamedPublicKey> {
    // It checks the name, too.
    await this.#own.refuseTaken(name);
    const path = join(this.#folder, `${name}${publicSuffix}`);
    await makeFolderDurable(this.#folder, 0o700);
    try {
      await writeFileAtomic(path, `${publicKeyText(publicKey)}\n`, { mode: 0o600, replace: false });
    } catch (error) {
      if (!(error instanceof AtedbError) || error.metadata.code !== 'EEXIST') throw error;
      throw new AtedbError(
        'REQUEST_INVALID',
        `there is a key "${name}" already, in ${path}; choose another name`,
        { metadata: { name }, cause: error },
      );
    }
    return { name, path, publicKey, isOwn: false };
  }

  async #load(): Promise<readonly NamedPublicKey[]> {
    const names = await this.#own.list();
    const own = names.map(async (name) => {
      const { path, publicKey } = await this.#own.describe(name);
      return { name, path, publicKey, isOwn: true };
    });
    const all = await Promise.allSettled(own);
    const usable = all.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    return [...usable, ...(await this.others().catch(() => []))];
  }
}

/** Read the file of a public key. @throws AtedbError REQUEST_INVALID; the system's error. */
export async function readPublicKey(path: string): Promise<PublicKey> {
  const { size } = await stat(path);
  if (size > textBytesMax) {
    throw new AtedbError('REQUEST_INVALID', `${path} is no public key: it is ${size} bytes long`);
  }
  return parsePublicKeyText(await readFile(path, 'utf8'), path);
}
