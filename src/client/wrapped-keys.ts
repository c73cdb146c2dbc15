import type { KeyPair } from '../crypto/index.ts';
import { hpkeInfos, readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';

/** As many as are kept; older ones make room. */
const keptMax = 16_384;

/**
 * Read keys that a chain has handed out, each sealed for one reader. By themselves they tell nobody else anything.
 *
 * Anyone who may write anything to the chain can write one for anybody, and say any read key of it. So only those count that are from
 * one who was given the read key: by the event that named it first, which nobody could know before, or by one of these.
 */
export class WrappedKeys {
  readonly #counting = new Map<string, WrappedKey>();
  /** The read keys, in hexadecimal, that anything was said of. */
  readonly #known = new Set<string>();
  /** From the middle of the chain, where nobody knows who was given what before: good for nothing but to be tried. */
  readonly #tried = new Map<string, WrappedKey>();

  /** Those that count, oldest first. */
  get all(): readonly WrappedKey[] {
    return [...this.#counting.values()];
  }

  /** Keep one that counted in another run. */
  restore(wrapped: WrappedKey): void {
    this.#known.add(wrapped.readKeyId.toString('hex'));
    keep(this.#counting, wrapped);
  }

  /** Keep those of an event, in the order of the chain from its first event on, that count. @param from keys that it is from. */
  add(all: readonly WrappedKey[], from: readonly Buffer[]): void {
    const isFirst = new Set(
      all.map(({ readKeyId }) => readKeyId.toString('hex')).filter((id) => !this.#known.has(id)),
    );
    const counting = all.filter(
      ({ readKeyId }) =>
        isFirst.has(readKeyId.toString('hex')) ||
        from.some((giver) => this.#counting.has(nameOf(readKeyId, giver))),
    );
    for (const wrapped of counting) this.restore(wrapped);
  }

  /** Keep one of an event that was met out of order. */
  try(wrapped: WrappedKey): void {
    keep(this.#tried, wrapped);
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
      const name = nameOf(readKeyId, fingerprint);
      for (const held of [this.#counting.get(name), this.#tried.get(name)]) {
        if (held === undefined) continue;
        const opened = key.openSealed(wrapContext(chainId, readKeyId, fingerprint), held.wrapped);
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

/** Copied: it lies in a whole slice. */
function keep(kept: Map<string, WrappedKey>, { readKeyId, recipient, wrapped }: WrappedKey): void {
  const name = nameOf(readKeyId, recipient);
  kept.delete(name);
  const [oldest] = kept.keys();
  if (kept.size >= keptMax && oldest !== undefined) kept.delete(oldest);
  kept.set(name, {
    readKeyId: Buffer.from(readKeyId),
    recipient: Buffer.from(recipient),
    wrapped: Buffer.from(wrapped),
  });
}

function nameOf(readKeyId: Buffer, recipient: Buffer): string {
  return `${readKeyId.toString('hex')}${recipient.toString('hex')}`;
}
