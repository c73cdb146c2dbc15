import type { AtedbError } from '../bytes/index.ts';
import { ownerOf } from './peer-owner.ts';

/** Whose limit is reached: that of one address, or that of the server for all of them. */
export type LimitOf = 'address' | 'server';

/** How many may be in at once. */
export interface PlacesOptions {
  readonly max: number;
  readonly perAddressMax: number;
  /** What those are told for whom there is no place. */
  readonly refusal: (limit: number, of: LimitOf) => AtedbError;
}

/** Counts what is under way at once, in all and of each address, and lets no more in than there are places. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #ofAddress = new Map<string, number>();
  #count = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /**
   * Count one in. Returns what counts it out again, to be called once.
   *
   * @param from.peer its address, as `ownerOf` takes it.
   * @param from.isExempt the limit of one address doesn't count for it. Absent: it does.
   * @throws AtedbError the refusal.
   */
  enter({ peer, isExempt = false }: { peer: string; isExempt?: boolean | undefined }): () => void {
    const { max, perAddressMax, refusal } = this.#options;
    const address = ownerOf(peer);
    const own = this.#ofAddress.get(address) ?? 0;
    if (!isExempt && own >= perAddressMax) throw refusal(perAddressMax, 'address');
    if (this.#count >= max) throw refusal(max, 'server');
    this.#count += 1;
    this.#ofAddress.set(address, own + 1);
    return () => this.#leave(address);
  }

  #leave(address: string): void {
    this.#count -= 1;
    const left = (this.#ofAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#ofAddress.delete(address);
    else this.#ofAddress.set(address, left);
  }
}
