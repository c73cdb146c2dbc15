import { AtedbError } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { defaultKeyName, IdentityStore, type Passphrase } from '../store/index.ts';
import type { OnNotice } from './notice.ts';

/**
 * Find the key to write with. Only the default key is made where there is none: a name that was given and isn't
 * there is a mistake.
 *
 * @throws AtedbError REQUEST_INVALID where there is no such key; as `IdentityStore.get`.
 */
export async function loadWriteKey(options: {
  readonly key: KeyPair | string | undefined;
  readonly home: string | undefined;
  /** Asked for where the key is sealed. */
  readonly passphrase: Passphrase | undefined;
  readonly onNotice: OnNotice;
}): Promise<KeyPair> {
  const { key, home, passphrase, onNotice } = options;
  if (key !== undefined && typeof key !== 'string') return key;
  if (home === undefined) {
    throw new AtedbError(
      'REQUEST_INVALID',
      'without a home folder there are no keys by name: open the chain with a key pair to append to it',
      { metadata: { field: 'key' } },
    );
  }
  const store = new IdentityStore(home);
  const name = key ?? (await store.defaultName());
  if (key === undefined && name === defaultKeyName && !(await store.exists(name))) {
    const made = await store.create(name).catch(async (error: unknown) => {
      // Another process has made it meanwhile.
      if (await store.exists(name)) return undefined;
      throw error;
    });
    if (made !== undefined) {
      const fingerprint = made.keyPair.publicKey.fingerprintHex;
      onNotice({
        kind: 'key-created',
        name,
        fingerprint,
        path: made.path,
        message: `made the key "${name}", with the fingerprint ${fingerprint}, in ${made.path}. Keep a copy: who loses it can't write any more`,
      });
      return made.keyPair;
    }
  }
  return (await store.get(name, passphrase)).keyPair;
}

/**
 * Find the keys that read keys may have been handed out to: the one to write with, if it is there, and where that is of whoever is logged in, those
 * that the user had before. None is made.
 */
export async function loadReadKeys(options: {
  readonly key: KeyPair | string | undefined;
  readonly home: string | undefined;
  /** Loads the key to write with. */
  readonly load: () => Promise<KeyPair>;
  /** Asked for where a key that the user had before is sealed. */
  readonly passphrase: Passphrase | undefined;
}): Promise<readonly KeyPair[]> {
  const { key, home, load, passphrase } = options;
  if (key !== undefined && typeof key !== 'string') return [key];
  if (home === undefined) return [];
  // A name that was given and isn't there is a mistake, for reading too.
  if (key !== undefined) return [await load()];
  const store = new IdentityStore(home);
  const name = await store.defaultName();
  if (!(await store.exists(name))) return [];
  const former = await store.formerNames();
  const others = former.map(async (one) => (await store.get(one, passphrase)).keyPair);
  return [await load(), ...(await Promise.all(others))];
}
