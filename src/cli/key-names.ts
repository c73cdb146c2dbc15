import { AtedbError } from '../bytes/index.ts';
import type { NamedKey } from '../client/index.ts';
import { PublicKey } from '../crypto/index.ts';
import { parsePublicKeyText, publicKeyMark } from '../event/index.ts';
import { identityHome } from '../store/index.ts';
import { UsageError } from './errors.ts';
import { KnownKeys, readPublicKey } from './known-keys.ts';

/** How keys are named on the command line, in words for errors. */
const ways =
  'its name in the home folder, its fingerprint, or a file as "atedb key public" prints it';

/** Finds keys as the command line names them, and names of keys for people. */
export class KeyNames {
  readonly #known = new KnownKeys(identityHome(process.env));
  readonly #ofChain: () => Promise<readonly PublicKey[]>;

  /** @param ofChain the public keys that the chain knows, asked for where only a fingerprint is given. */
  constructor(ofChain: () => Promise<readonly PublicKey[]> = async () => []) {
    this.#ofChain = ofChain;
  }

  /** Find a key: itself where it is to be had, or its fingerprint. @throws UsageError, AtedbError where it can't be found. */
  async resolve(text: string): Promise<NamedKey> {
    if (text.trim().startsWith(publicKeyMark)) return parsePublicKeyText(text, 'the given key');
    if (/^[0-9a-f]{64}$/i.test(text)) {
      const fingerprint = text.toLowerCase();
      const known = await this.#known.findByFingerprint(fingerprint);
      return known?.publicKey ?? Buffer.from(fingerprint, 'hex');
    }
    if (text.includes('/')) return readPublicKey(text);
    const known = await this.#known.find(text);
    if (known !== undefined) return known.publicKey;
    return readPublicKey(text).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      const shown = JSON.stringify(text);
      throw new UsageError(`${shown} names no key, and no file: name a key by ${ways}`);
    });
  }

  /** Find a key itself, for what a fingerprint is not enough for. @throws UsageError, AtedbError KEY_UNKNOWN. */
  async resolvePublic(text: string): Promise<PublicKey> {
    const key = await this.resolve(text);
    if (key instanceof PublicKey) return key;
    const shown = (await this.#ofChain()).find((one) => one.fingerprint.equals(key));
    if (shown !== undefined) return shown;
    const fingerprint = key.toString('hex');
    throw new AtedbError(
      'KEY_UNKNOWN',
      `of the key ${fingerprint} only the fingerprint is known, and its public key is needed. Its owner prints it with "atedb key public": name that file, or add it with "atedb key import FILE NAME"`,
      { metadata: { fingerprint } },
    );
  }

  /** A key for people: its name where the home folder knows it, and its fingerprint. */
  async words(fingerprint: Buffer): Promise<string> {
    const name = await this.nameOf(fingerprint);
    const hex = fingerprint.toString('hex');
    return name === undefined ? hex : `${name} (${hex})`;
  }

  /** The name that the home folder has for a key. */
  async nameOf(fingerprint: Buffer): Promise<string | undefined> {
    return (await this.#known.findByFingerprint(fingerprint.toString('hex')))?.name;
  }
}

/** The fingerprint of a key. */
export function fingerprintOf(key: NamedKey): Buffer {
  return key instanceof PublicKey ? key.fingerprint : key;
}
