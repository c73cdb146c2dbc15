import type { KeyPair } from '../crypto/index.ts';
import { hpkeInfos, readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';
import { fairCut } from './fair-cut.ts';
import { type KeptWrap, KeptWraps } from './kept-wraps.ts';

/** As many wrapped keys are kept as count, and as many more to be tried. */
const keptMax = 16_384;
/** So many read keys are known to have begun, beside those that rules name and those of which wrapped keys are kept. */
const begunMax = 65_536;

/** That a read key has begun: that anything was said of it. */
export interface BegunReadKey {
  /** In hexadecimal. */
  readonly readKeyId: string;
  /** The fingerprint, in hexadecimal, of the key that sealed the batch which said so first. */
  readonly giver: string;
}

/**
 * Read keys that a chain has handed out, each sealed for one reader. By themselves they tell nobody else anything.
 *
 * Anyone who may write anything to the chain can write one for anybody, and say any read key of it. So only those count that are from
 * one who was given the read key: by the event that named it first, which nobody could know before, or by one of these.
 *
 * So a read key that has begun must not begin anew: else whoever has pushed out what was said of it, by much else, could name it first
 * once more, and count as one of its readers. That it has begun is therefore kept longer than what was said, and of one that a rule
 * names now for as long as that does. Of all the others `begunMax` are kept, and whoever has begun the most loses his oldest: a hostile
 * writer pushes out his own, and nobody loses any who has begun no more than an equal part of them.
 */
export class WrappedKeys {
  readonly #counting = new KeptWraps(keptMax);
  /** From the middle of the chain, where nobody knows who was given what before: good for nothing but to be tried. */
  readonly #tried = new KeptWraps(keptMax);
  /** Who has begun which read key, both in hexadecimal, oldest first. */
  readonly #begun = new Map<string, string>();
  /** How many have to be known to have begun before some are forgotten. */
  #forgetAt = begunMax + 1;
  readonly #named: () => ReadonlySet<string>;

  /** @param named the read keys, in hexadecimal, that rules name now. Asked for once in some thousand new ones. */
  constructor(named: () => ReadonlySet<string>) {
    this.#named = named;
  }

  /** Those that count, oldest first. */
  get counting(): Iterable<KeptWrap> {
    return this.#counting.all;
  }

  /** The read keys that are known to have begun, oldest first. */
  get begun(): readonly BegunReadKey[] {
    return [...this.#begun].map(([readKeyId, giver]) => ({ readKeyId, giver }));
  }

  /** Go on from another run. @param begun as it had them, and `counting` too. */
  restore(
    begun: readonly BegunReadKey[],
    counting: Iterable<WrappedKey & { readonly giver: string }>,
  ): void {
    for (const { readKeyId, giver } of begun) this.#begin(readKeyId, giver);
    for (const wrapped of counting) this.#count(wrapped, wrapped.giver);
  }

  /**
   * Keep those of an event, in the order of the chain from its first event on, that count.
   *
   * @param from keys that it is from, that which sealed the batch first.
   */
  add(all: readonly WrappedKey[], from: readonly [Buffer, ...Buffer[]]): void {
    const givers = from.map((key) => key.toString('hex'));
    const ids = all.map(({ readKeyId }) => readKeyId.toString('hex'));
    const isFirst = new Set(ids.filter((id) => !this.#hasBegun(id)));
    const counting = all.filter((_one, index) => {
      const id = ids[index] as string;
      return isFirst.has(id) || givers.some((giver) => this.#counting.of(id, giver).length > 0);
    });
    for (const wrapped of counting) this.#count(wrapped, givers[0] as string);
  }

  /** Keep one of an event that was met out of order. @param from the key that sealed the batch. */
  try(wrapped: WrappedKey, from: Buffer): void {
    this.#tried.add(wrapped, from.toString('hex'));
  }

  /** Fingerprints of those who were given a read key. */
  holdersOf(readKeyId: Buffer): readonly Buffer[] {
    return this.#counting.holdersOf(readKeyId.toString('hex'));
  }

  /**
   * Open a read key that was sealed for one of some keys. What was handed out and isn't that key is tried once.
   *
   * @returns undefined where none was, or what was handed out isn't that key.
   */
  open(readKeyId: Buffer, chainId: Buffer, keys: readonly KeyPair[]): Buffer | undefined {
    const id = readKeyId.toString('hex');
    for (const key of keys) {
      const { fingerprint, fingerprintHex } = key.publicKey;
      const held = [this.#counting, this.#tried].flatMap((kept) => kept.of(id, fingerprintHex));
      for (const one of held) {
        if (one.hasFailed) continue;
        const opened = key.openSealed(wrapContext(chainId, readKeyId, fingerprint), one.wrapped);
        // Whoever handed it out may have handed out another: the id says which it is.
        if (opened?.length === 32 && readKeyIdOf(opened).equals(readKeyId)) return opened;
        one.hasFailed = true;
      }
    }
    return undefined;
  }

  #hasBegun(readKeyId: string): boolean {
    return this.#begun.has(readKeyId) || this.#counting.has(readKeyId);
  }

  #count(wrapped: WrappedKey, giver: string): void {
    this.#begin(wrapped.readKeyId.toString('hex'), giver);
    this.#counting.add(wrapped, giver);
  }

  #begin(readKeyId: string, giver: string): void {
    if (this.#begun.has(readKeyId)) return;
    this.#begun.set(readKeyId, giver);
    if (this.#begun.size < this.#forgetAt) return;
    const named = this.#named();
    const others = [...this.#begun].filter(([id]) => !named.has(id));
    // An eighth at once, so that choosing costs little for each.
    for (const [id] of fairCut(others, ([, by]) => by, begunMax - begunMax / 8)) {
      this.#begun.delete(id);
    }
    this.#forgetAt = Math.max(begunMax + 1, this.#begun.size + begunMax / 8);
  }
}

/** What a wrapped key is bound to: chain, read key and reader; each part has 32 bytes. */
export function wrapContext(chainId: Buffer, readKeyId: Buffer, recipient: Buffer) {
  return {
    info: Buffer.from(hpkeInfos.wrappedKey),
    aad: Buffer.concat([chainId, readKeyId, recipient]),
  };
}
