import type { KeyPair } from '../crypto/index.ts';
import { hpkeInfos, readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';

/** As many as are kept; older ones make room. */
const keptMax = 16_384;

/** Read keys that a chain has handed out, each sealed for one reader. By themselves they tell nobody else anything. */
export class WrappedKeys {
  readonly #all = new Map<string, WrappedKey>();

  /** All of them, oldest first. */
  get all(): readonly WrappedKey[] {
    return [...this.#all.values()];
  }

  /** Keep one. Copied: it lies in a whole slice. */
  add({ readKeyId, recipient, wrapped }: WrappedKey): void {
    const name = nameOf(readKeyId, recipient);
    this.#all.delete(name);
    const [oldest] = this.#all.keys();
    if (this.#all.size >= keptMax && oldest !== undefined) this.#all.delete(oldest);
    this.#all.set(name, {
      readKeyId: Buffer.from(readKeyId),
      recipient: Buffer.from(recipient),
      wrapped: Buffer.from(wrapped),
    });
  }

  /** Fingerprints of those who were given a read key. */
  holdersOf(readKeyId: Buffer): readonly Buffer[] {
    return this.all.filter((one) => one.readKeyId.equals(readKeyId)).map((one) => one.recipient);
  }

  /**
   * Open a read key that was sealed for one of some keys.
   *
   * @returns undefined where none was, or what was handed out isn't that key.
   */
  open(readKeyId: Buffer, chainId: Buffer, keys: readonly KeyPair[]): Buffer | undefined {
    for (const key of keys) {
      const { fingerprint } = key.publicKey;
      const held = this.#all.get(nameOf(readKeyId, fingerprint));
      if (held === undefined) continue;
      const opened = key.openSealed(wrapContext(chainId, readKeyId, fingerprint), held.wrapped);
      // Whoever handed it out may have handed out another: the id says which it is.
      if (opened?.length === 32 && readKeyIdOf(opened).equals(readKeyId)) return opened;
    }
    return undefined;
  }
}

/** What a wrapped key is bound to: chain, read key and reader; each part has 32 bytes. */
export function wrapContext(chainId: Buffer, readKeyId: Buffer, recipient: Buffer) {
  return {
    info: Buffer.from(hpkeInfos.wrappedKey),
    aad: Buffer.concat([chainId, readKeyId, recipient]),
  };
}

function nameOf(readKeyId: Buffer, recipient: Buffer): string {
  return `${readKeyId.toString('hex')}${recipient.toString('hex')}`;
}
