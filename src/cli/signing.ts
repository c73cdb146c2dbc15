import type { AppendEvent, Signing } from '../client/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { IdentityStore, identityHome, type Passphrase } from '../store/index.ts';

/** Who signs besides the writer, as the command line says it: names of keys in the home folder. */
export interface SignerSettings {
  readonly coSign: readonly string[];
  readonly author: string | undefined;
  /** The writer's. */
  readonly key: string | undefined;
}

/**
 * Load the keys that sign besides the writer's.
 *
 * @throws AtedbError REQUEST_INVALID for a key that isn't there, or is not opened by the passphrase.
 */
export async function loadSigners(
  { coSign, author, key }: SignerSettings,
  passphrase: Passphrase,
): Promise<{ readonly signing: Signing; readonly event: Pick<AppendEvent, 'author'> }> {
  const store = new IdentityStore(identityHome(process.env));
  const writer = key ?? (await store.defaultName());
  const named = new Set([...coSign, ...(author === undefined ? [] : [author])]);
  const pairs = new Map<string, KeyPair>();
  for (const name of named) {
    // The writer signs in any case; its key may not be there yet.
    if (name !== writer) pairs.set(name, (await store.get(name, passphrase)).keyPair);
  }
  // The writer's own is what an author is without being named.
  const by = author === undefined ? undefined : pairs.get(author);
  return {
    signing: { coSigners: [...pairs.values()] },
    event: { author: by?.publicKey },
  };
}
