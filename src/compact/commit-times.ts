/** When commits were made, in order: 16 bytes for each that has another time than the one before. Times never decrease. */
export class CommitTimes {
  /** Milliseconds since 1970-01-01 UTC. */
  #times = new Float64Array(64);
  /** Of each of these the first sequence. */
  #sequences = new Float64Array(64);
  #count = 0;

  /** Add the next commit. */
  add(timeUnixMs: number, firstSequence: number): void {
    const count = this.#count;
    if (count > 0 && this.#times[count - 1] === timeUnixMs) return;
    if (count === this.#times.length) {
      this.#times = doubled(this.#times);
      this.#sequences = doubled(this.#sequences);
    }
    this.#times[count] = timeUnixMs;
    this.#sequences[count] = firstSequence;
    this.#count = count + 1;
  }

  /** The first sequence of the first commit after a time; undefined where there is none. */
  firstAfter(timeUnixMs: number): number | undefined {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) <= timeUnixMs) low = middle + 1;
      else high = middle;
    }
    return low < this.#count ? this.#sequences[low] : undefined;
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
