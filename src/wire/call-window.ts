import { callWindow } from './limits.ts';

const wordBits = 32;
/** One word more than the window has, since it begins anywhere in a word. */
const words = callWindow / wordBits + 1;

/**
 * Which calls of a session were made: a sliding window, as RFC 6479 keeps it. The newest `callWindow` ids are told apart; what
 * is older counts as made.
 */
export class CallWindow {
  /** An array, which for so few is smaller than a typed one. */
  readonly #bits: number[] = new Array(words).fill(0);
  #highest = -1;

  /** Whether a call of this id may be made still. @param id from 0 to 2^53 - 1. */
  isFree(id: number): boolean {
    if (id > this.#highest) return true;
    if (this.#highest - id >= callWindow) return false;
    return ((this.#bits[wordOf(id)] as number) & bitOf(id)) === 0;
  }

  /** Keep that a call was made. The caller has asked whether it may be. */
  take(id: number): void {
    if (id > this.#highest) this.#slideTo(id);
    const word = wordOf(id);
    this.#bits[word] = (this.#bits[word] as number) | bitOf(id);
  }

  /** Forget what leaves the window. */
  #slideTo(id: number): void {
    const before = Math.floor(this.#highest / wordBits);
    const after = Math.floor(id / wordBits);
    const count = Math.min(after - before, words);
    for (let step = 0; step < count; step += 1) this.#bits[(after - step) % words] = 0;
    this.#highest = id;
  }
}

function wordOf(id: number): number {
  return Math.floor(id / wordBits) % words;
}

function bitOf(id: number): number {
  return 1 << (id % wordBits);
}
