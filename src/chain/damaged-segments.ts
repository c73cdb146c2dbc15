/** A closed segment in which damage was found. */
export interface DamagedSegment {
  readonly chainKey: string;
  readonly segment: number;
}

/** The closed segments in which damage was found: a chain that is opened again has them checked before anything else. */
export class DamagedSegments {
  readonly #byChain = new Map<string, Set<number>>();
  readonly #onChange: (all: readonly DamagedSegment[]) => void;

  /** @param onChange is told of all of them when they are others than before. */
  constructor(
    known: Iterable<DamagedSegment>,
    onChange: (all: readonly DamagedSegment[]) => void = () => undefined,
  ) {
    for (const { chainKey, segment } of known) this.#add(chainKey, segment);
    this.#onChange = onChange;
  }

  /** Those of a chain. */
  of(chainKey: string): ReadonlySet<number> {
    return this.#byChain.get(chainKey) ?? new Set();
  }

  add(chainKey: string, segment: number): void {
    if (this.of(chainKey).has(segment)) return;
    this.#add(chainKey, segment);
    this.#changed();
  }

  /** Of a chain only those are damaged still which `isDamaged` says. */
  keep(chainKey: string, isDamaged: (segment: number) => boolean): void {
    const segments = this.of(chainKey);
    const kept = [...segments].filter(isDamaged);
    if (kept.length === segments.size) return;
    if (kept.length === 0) this.#byChain.delete(chainKey);
    else this.#byChain.set(chainKey, new Set(kept));
    this.#changed();
  }

  #add(chainKey: string, segment: number): void {
    const segments = this.#byChain.get(chainKey) ?? new Set();
    this.#byChain.set(chainKey, segments.add(segment));
  }

  #changed(): void {
    const chains = [...this.#byChain];
    this.#onChange(
      chains.flatMap(([chainKey, segments]) =>
        [...segments].map((segment) => ({ chainKey, segment })),
      ),
    );
  }
}
