import type { KeyPair } from '../crypto/index.ts';
import { readKeyIdOf } from '../crypto/index.ts';
import type { WrappedKeys } from './wrapped-keys.ts';

/** So many are kept open, and so many remembered as looked for: those that were asked for last. */
const keptMax = 16_384;

/** The read keys that this client can have: those that were handed out to its keys, and those that it has made. */
export class ReadKeys {
  readonly #wrapped: WrappedKeys;
  readonly #loadKeys: () => Promise<readonly KeyPair[]>;
  readonly #made = new Map<string, Buffer>();
  readonly #opened = new Map<string, Buffer>();
  readonly #lookedFor = new Set<string>();
  #keys: Promise<readonly KeyPair[]> | undefined;

  /** @param loadKeys the keys that something may have been handed out to. */
  constructor(wrapped: WrappedKeys, loadKeys: () => Promise<readonly KeyPair[]>) {
    this.#wrapped = wrapped;
    this.#loadKeys = loadKeys;
  }

  /** Know a read key that was made here. */
  know(readKey: Buffer): void {
    this.#made.set(readKeyIdOf(readKey).toString('hex'), readKey);
  }

  /** Whether a read key that isn't there is to be looked for in all of the chain; once, since what comes later is read anyway. */
  isToBeLookedFor(readKeyId: Buffer): boolean {
    const name = readKeyId.toString('hex');
    if (this.#lookedFor.has(name)) return false;
    this.#lookedFor.add(name);
    forgetOldest(this.#lookedFor);
    return true;
  }

  /** Find a read key by its id. @returns undefined where it was handed out to none of the keys, as far as is known. */
  async find(readKeyId: Buffer, chainId: Buffer): Promise<Buffer | undefined> {
    const name = readKeyId.toString('hex');
    const made = this.#made.get(name);
    if (made !== undefined) return made;
    this.#keys ??= this.#loadKeys().catch((error: unknown) => {
      // The next one may have them.
      this.#keys = undefined;
      throw error;
    });
    const keys = await this.#keys;
    const readKey = this.#opened.get(name) ?? this.#wrapped.open(readKeyId, chainId, keys);
    if (readKey === undefined) return undefined;
    // Behind all others, which are forgotten before it.
    this.#opened.delete(name);
    this.#opened.set(name, readKey);
    forgetOldest(this.#opened);
    return readKey;
  }
}

function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size <= keptMax) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
