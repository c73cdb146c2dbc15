import { AtedbError, chainKeysMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { setEntry, type Undo } from './undo.ts';

/** What a chain knows of keys, as plain data. Fingerprints are in hexadecimal. */
export interface KeyRingRecord {
  readonly roots: readonly PublicKey[];
  /** All others that events have shown. */
  readonly others: readonly PublicKey[];
  /** Keys that count no more, with those that followed them, which may count no more either; undefined for none. */
  readonly changed: readonly (readonly [fingerprint: string, successor: string | undefined])[];
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
  /** What has followed each key that counts no more. Leads to no key twice. */
  readonly #successors = new Map<string, string | undefined>();
  /** What counts in the place of each: where its successors end. */
  #changed: Map<string, string | undefined>;

  constructor({ roots, others, changed, writers = [] }: KeyRingRecord) {
    for (const key of [...roots, ...others]) this.#keys.set(key.fingerprintHex, key);
    this.#roots = new Set(roots.map((root) => root.fingerprintHex));
    this.#writers = new Set(writers);
    for (const [fingerprint, successor] of changed) this.#successors.set(fingerprint, successor);
    this.#changed = endsOf(this.#successors);
  }

  /** As plain data: the same for the same state, however that came about. */
  record(): KeyRingRecord {
    const others = [...this.#keys.values()]
      .filter((key) => !this.isRoot(key.fingerprintHex))
      .sort((a, b) => (a.fingerprintHex < b.fingerprintHex ? -1 : 1));
    const changed = [...this.#successors].sort(([a], [b]) => (a < b ? -1 : 1));
    return { roots: this.roots, others, changed, writers: [...this.#writers].sort() };
  }

  /** The roots, in the order of their fingerprints. */
  get roots(): readonly PublicKey[] {
    return [...this.#roots].sort().map((fingerprint) => this.#keys.get(fingerprint) as PublicKey);
  }

  /** How many keys are known beside the roots. */
  get othersCount(): number {
    return this.#keys.size - this.#roots.size;
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
    if (this.othersCount >= chainKeysMax) {
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
    setEntry(this.#successors, fingerprint, successor, undo);
    for (const name of this.namesOf(fingerprint)) setEntry(this.#changed, name, successor, undo);
  }

  /**
   * Have what an auth service says follows a key, which counts no more. Its word goes before what the key has said itself: whoever has had the
   * key of a role, and has it no more, would else keep the role's place in all rules. A key that was given up without a successor stays so.
   */
  follow(fingerprint: string, successor: string | undefined, undo: Undo): void {
    const isFirst = !this.isChanged(fingerprint);
    if (!isFirst && this.#successors.get(fingerprint) === undefined) return;
    const next = this.#leadsTo(successor, fingerprint) ? undefined : successor;
    setEntry(this.#successors, fingerprint, next, undo);
    if (isFirst) {
      const end = next === undefined ? undefined : this.currentOf(next);
      for (const name of this.namesOf(fingerprint)) setEntry(this.#changed, name, end, undo);
      return;
    }
    const before = this.#changed;
    this.#changed = endsOf(this.#successors);
    undo.push(() => {
      this.#changed = before;
    });
  }

  /** Whether a key is another one, or that one is among those that have followed it. */
  #leadsTo(fingerprint: string | undefined, other: string): boolean {
    for (let at = fingerprint; at !== undefined; at = this.#successors.get(at)) {
      if (at === other) return true;
    }
    return false;
  }
}

/** What counts in the place of each key that was followed by another, or by none. */
function endsOf(
  successors: ReadonlyMap<string, string | undefined>,
): Map<string, string | undefined> {
  const ends = new Map<string, string | undefined>();
  for (const fingerprint of successors.keys()) {
    const passed: string[] = [];
    let at: string | undefined = fingerprint;
    // Each is passed once: where an end is known already, all those before it have the same.
    while (at !== undefined && successors.has(at) && !ends.has(at)) {
      passed.push(at);
      at = successors.get(at);
    }
    const end = at === undefined || !ends.has(at) ? at : ends.get(at);
    for (const name of passed) ends.set(name, end);
  }
  return ends;
}
