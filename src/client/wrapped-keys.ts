import type { KeyPair } from '../crypto/index.ts';
import { hpkeInfos, readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';

/** As many as are kept; older ones make room. */
const keptMax = 16_384;
/** Of one read key for one reader: whoever may write anything may hand out something that isn't the key. */
const ofOneMax = 8;

/** Read keys that a chain has handed out, each sealed for one reader. By themselves they tell nobody else anything. */
export class WrappedKeys {
  /** By read key and reader; oldest first. */
  readonly #all = new Map<string, readonly WrappedKey[]>();
  #count = 0;

  /** All of them. */
  get all(): readonly WrappedKey[] {
    return [...this.#all.values()].flat();
  }

  /** Keep one, beside others of the same read key and reader. Copied: it lies in a whole slice. */
  add({ readKeyId, recipient, wrapped }: WrappedKey): void {
    const name = nameOf(readKeyId, recipient);
    const before = this.#all.get(name) ?? [];
    if (before.some((one) => one.wrapped.equals(wrapped))) return;
    const copy = {
      readKeyId: Buffer.from(readKeyId),
      recipient: Buffer.from(recipient),
      wrapped: Buffer.from(wrapped),
    };
    // Of too many the first stays, which is nearly always the right one, and the newest.
    const kept = before.length < ofOneMax ? before : before.toSpliced(1, 1);
    this.#count += kept.length + 1 - before.length;
    this.#all.set(name, [...kept, copy]);
    const [oldest] = this.#all;
    if (this.#count <= keptMax || oldest === undefined) return;
    this.#all.delete(oldest[0]);
    this.#count -= oldest[1].length;
  }

  /** Fingerprints of those who were given a read key. */
  holdersOf(readKeyId: Buffer): readonly Buffer[] {
    const of = [...this.#all.values()].flatMap(([first]) => first ?? []);
    return of.filter((one) => one.readKeyId.equals(readKeyId)).map((one) => one.recipient);
  }

  /**
   * Open a read key that was sealed for one of some keys.
   *
   * @returns undefined where none was, or what was handed out isn't that key.
   */
  open(readKeyId: Buffer, chainId: Buffer, keys: readonly KeyPair[]): Buffer | undefined {
    for (const key of keys) {
      const { fingerprint } = key.publicKey;
      for (const { wrapped } of this.#all.get(nameOf(readKeyId, fingerprint)) ?? []) {
        const opened = key.openSealed(wrapContext(chainId, readKeyId, fingerprint), wrapped);
        // Whoever handed it out may have handed out another: the id says which it is.
        if (opened?.length === 32 && readKeyIdOf(opened).equals(readKeyId)) return opened;
      }
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
