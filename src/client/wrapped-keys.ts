import type { KeyPair } from '../crypto/index.ts';
import { hpkeInfos, readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';

/** As many as are kept; older ones make room. */
const keptMax = 16_384;
/** Of one read key for one reader: whoever may write anything may hand out something that isn't the key. */
const ofOneMax = 8;

/**
 * Read keys that a chain has handed out, each sealed for one reader. By themselves they tell nobody else anything.
 *
 * Anyone who may write anything to the chain can write one for anybody, and say any read key of it. So only those count that are from
 * one who was given the read key: by the event that named it first, which nobody could know before, or by one of these.
 */
export class WrappedKeys {
  readonly #counting = new KeptKeys();
  /** The read keys, in hexadecimal, that anything was said of. */
  readonly #known = new Set<string>();
  /** From the middle of the chain, where nobody knows who was given what before: good for nothing but to be tried. */
  readonly #tried = new KeptKeys();

  /** Those that count, oldest first. */
  get all(): readonly WrappedKey[] {
    return this.#counting.all;
  }

  /**
   * The read keys, in hexadecimal, that anything was said of. Kept longer than what was said: else whoever pushes that out by much
   * else could name a read key first once more, and count as one of its readers.
   */
  get known(): readonly string[] {
    return [...this.#known];
  }

  /** Go on from another run. @param known as it had them, and `counting` as it had all. */
  restore(known: readonly string[], counting: readonly WrappedKey[]): void {
    for (const id of known) this.#known.add(id);
    for (const wrapped of counting) this.#count(wrapped);
  }

  /** Keep those of an event, in the order of the chain from its first event on, that count. @param from keys that it is from. */
  add(all: readonly WrappedKey[], from: readonly Buffer[]): void {
    const isFirst = new Set(
      all.map(({ readKeyId }) => readKeyId.toString('hex')).filter((id) => !this.#known.has(id)),
    );
    const counting = all.filter(
      ({ readKeyId }) =>
        isFirst.has(readKeyId.toString('hex')) ||
        from.some((giver) => this.#counting.of(readKeyId, giver).length > 0),
    );
    for (const wrapped of counting) this.#count(wrapped);
  }

  /** Keep one of an event that was met out of order. */
  try(wrapped: WrappedKey): void {
    this.#tried.add(wrapped);
  }

  #count(wrapped: WrappedKey): void {
    this.#known.add(wrapped.readKeyId.toString('hex'));
    this.#counting.add(wrapped);
  }

  /** Fingerprints of those who were given a read key. */
  holdersOf(readKeyId: Buffer): readonly Buffer[] {
    const of = this.all.filter((one) => one.readKeyId.equals(readKeyId));
    const once = new Map(of.map(({ recipient }) => [recipient.toString('hex'), recipient]));
    return [...once.values()];
  }

  /**
   * Open a read key that was sealed for one of some keys.
   *
   * @returns undefined where none was, or what was handed out isn't that key.
   */
  open(readKeyId: Buffer, chainId: Buffer, keys: readonly KeyPair[]): Buffer | undefined {
    for (const key of keys) {
      const { fingerprint } = key.publicKey;
      const held = [this.#counting, this.#tried].flatMap((kept) => kept.of(readKeyId, fingerprint));
      for (const { wrapped } of held) {
        const opened = key.openSealed(wrapContext(chainId, readKeyId, fingerprint), wrapped);
        // Whoever handed it out may have handed out another: the id says which it is.
        if (opened?.length === 32 && readKeyIdOf(opened).equals(readKeyId)) return opened;
      }
    }
    return undefined;
  }
}

/** Wrapped keys by read key and reader, several of each, since who was given one may hand out another that isn't the key. */
class KeptKeys {
  readonly #kept = new Map<string, readonly WrappedKey[]>();
  #count = 0;

  /** Oldest first. */
  get all(): readonly WrappedKey[] {
    return [...this.#kept.values()].flat();
  }

  of(readKeyId: Buffer, recipient: Buffer): readonly WrappedKey[] {
    return this.#kept.get(nameOf(readKeyId, recipient)) ?? [];
  }

  /** Keep one beside the others. Copied: it lies in a whole slice. */
  add({ readKeyId, recipient, wrapped }: WrappedKey): void {
    const name = nameOf(readKeyId, recipient);
    const before = this.#kept.get(name) ?? [];
    if (before.some((one) => one.wrapped.equals(wrapped))) return;
    const copy = {
      readKeyId: Buffer.from(readKeyId),
      recipient: Buffer.from(recipient),
      wrapped: Buffer.from(wrapped),
    };
    // Of too many the first stays, which is nearly always the right one, and the newest.
    const kept = before.length < ofOneMax ? before : before.toSpliced(1, 1);
    this.#count += kept.length + 1 - before.length;
    this.#kept.set(name, [...kept, copy]);
    const [oldest] = this.#kept;
    if (this.#count <= keptMax || oldest === undefined) return;
    this.#kept.delete(oldest[0]);
    this.#count -= oldest[1].length;
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
