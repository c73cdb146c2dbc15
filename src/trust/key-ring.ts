import { AtedbError, chainKeysMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { setEntry, type Undo } from './undo.ts';

/** What a chain knows of keys, as plain data. Fingerprints are in hexadecimal. */
export interface KeyRingRecord {
  readonly roots: readonly PublicKey[];
  /** All others that events have shown. */
  readonly others: readonly PublicKey[];
  /** Keys that count no more, with those that count in their place; undefined for none. */
  readonly changed: readonly (readonly [fingerprint: string, current: string | undefined])[];
  /** Those of the others that may write where the root of the chain has no rule for it: an auth service has named them. Absent: none. */
  readonly writers?: readonly string[] | undefined;
}

/**
 * The public keys that a chain knows, its roots among them, and which of them count no more. Keys are named by the
 * hexadecimal of their fingerprints. To know a key gives it no right.
 */
export class KeyRing {
  readonly #keys = new Map<string, PublicKey>();
  #roots: ReadonlySet<string>;
  #writers: ReadonlySet<string>;
  readonly #changed = new Map<string, string | undefined>();

  constructor({ roots, others, changed, writers = [] }: KeyRingRecord) {
    for (const key of [...roots, ...others]) this.#keys.set(key.fingerprintHex, key);
    this.#roots = new Set(roots.map((root) => root.fingerprintHex));
    this.#writers = new Set(writers);
    for (const [fingerprint, current] of changed) this.#changed.set(fingerprint, current);
  }

  /** As plain data: the same for the same state, however that came about. */
  record(): KeyRingRecord {
    const others = [...this.#keys.values()]
      .filter((key) => !this.isRoot(key.fingerprintHex))
      .sort((a, b) => (a.fingerprintHex < b.fingerprintHex ? -1 : 1));
    const changed = [...this.#changed].sort(([a], [b]) => (a < b ? -1 : 1));
    return { roots: this.roots, others, changed, writers: [...this.#writers].sort() };
  }

  /** The roots, in the order of their fingerprints. */
  get roots(): readonly PublicKey[] {
    return [...this.#roots].sort().map((fingerprint) => this.#keys.get(fingerprint) as PublicKey);
  }

  /** A key that is known, whether it counts or not. */
  find(fingerprint: string): PublicKey | undefined {
    return this.#keys.get(fingerprint);
  }

  isRoot(fingerprint: string): boolean {
    return this.#roots.has(fingerprint);
  }

  /** Whether a key is a root, or one that may write where the root of the chain has no rule for it. */
  isOwner(fingerprint: string): boolean {
    return this.#roots.has(fingerprint) || this.#writers.has(fingerprint);
  }

  /** Fingerprints of the roots, and then of those that may write where the root of the chain has no rule for it. */
  get owners(): readonly string[] {
    return [...[...this.#roots].sort(), ...[...this.#writers].sort()];
  }

  /** The key that counts where this one is named: itself, what it was replaced by, or none. */
  currentOf(fingerprint: string): string | undefined {
    return this.#changed.has(fingerprint) ? this.#changed.get(fingerprint) : fingerprint;
  }

  /** Whether the key counts no more. */
  isChanged(fingerprint: string): boolean {
    return this.#changed.has(fingerprint);
  }

  /** All keys that this one counts for: itself, and those that it has replaced. */
  namesOf(fingerprint: string): readonly string[] {
    if (this.#changed.size === 0) return [fingerprint];
    const replaced = [...this.#changed].filter(([, current]) => current === fingerprint);
    return [fingerprint, ...replaced.map(([name]) => name)];
  }

  /** Know a key. @throws AtedbError TOO_MANY_KEYS. */
  add(key: PublicKey, undo: Undo): void {
    if (this.#keys.has(key.fingerprintHex)) return;
    if (this.#keys.size - this.#roots.size >= chainKeysMax) {
      throw new AtedbError(
        'TOO_MANY_KEYS',
        `the chain knows ${chainKeysMax} public keys beside its roots, which is the limit; write with one of them`,
        { metadata: { limit_keys: String(chainKeysMax) } },
      );
    }
    setEntry(this.#keys, key.fingerprintHex, key, undo);
  }

  /** Have other roots. Those before stay known, as other keys do. */
  setRoots(roots: readonly PublicKey[], undo: Undo): void {
    for (const root of roots) this.add(root, undo);
    const before = this.#roots;
    this.#roots = new Set(roots.map((root) => root.fingerprintHex));
    undo.push(() => {
      this.#roots = before;
    });
  }

  /**
   * Have the roots and writers that an auth service names. However many keys the chain knows already: nobody who shows it keys can keep it from
   * learning whose it is.
   */
  setOwners(roots: readonly PublicKey[], writers: readonly PublicKey[], undo: Undo): void {
    for (const key of [...roots, ...writers]) {
      if (!this.#keys.has(key.fingerprintHex)) setEntry(this.#keys, key.fingerprintHex, key, undo);
    }
    const before = { roots: this.#roots, writers: this.#writers };
    this.#roots = new Set(roots.map((root) => root.fingerprintHex));
    this.#writers = new Set(writers.map((writer) => writer.fingerprintHex));
    undo.push(() => {
      this.#roots = before.roots;
      this.#writers = before.writers;
    });
  }

  /** From now on a key doesn't count, and its successor, if there is one, counts wherever it is named. */
  change(fingerprint: string, successor: string | undefined, undo: Undo): void {
    for (const name of this.namesOf(fingerprint)) setEntry(this.#changed, name, successor, undo);
  }
}
