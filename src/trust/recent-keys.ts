import { randomSecret } from '../crypto/index.ts';
import {
  type Batch,
  type KeyUnchanged,
  layoutOf,
  layoutStride,
  WriterNumbers,
  writesObject,
} from '../event/index.ts';
import { NotedKeys } from './noted-keys.ts';

/** Events of which it is known who wrote which object: as many again may still be known. */
const eventsKeptMin = 131_072;

/**
 * Who wrote the objects of the last events of a replay: those of the last 131,072 at least. What came before is not known
 * any more, so a condition that reaches further back is checked as far as this goes.
 */
export class RecentKeys {
  readonly #secret = randomSecret();
  #older = new NotedKeys(this.#secret);
  #newer = new NotedKeys(this.#secret);
  #events = 0;
  readonly #writers = new WriterNumbers();

  /** Take note of a batch's events. */
  add({ bytes, layout, count, seal }: Batch, firstSequence: number): void {
    const writer = this.#writers.numberOf(seal.writerId);
    for (let index = 0; index < count; index += 1) {
      const at = layout[index * layoutStride + layoutOf.keyStart] as number;
      if (!writesObject(layout[index * layoutStride + layoutOf.kind] as number)) continue;
      if (at > 0) this.#newer.add(bytes, at, firstSequence + index, writer);
    }
    this.#events += count;
    if (this.#events < eventsKeptMin) return;
    this.#older = this.#newer;
    this.#newer = new NotedKeys(this.#secret);
    this.#events = 0;
  }

  /** Sequence after the newest event of anyone but this writer on an object; 0 where none is known. */
  endOfOthersOn({ primaryKey }: KeyUnchanged, writerId: Buffer): number {
    const writer = this.#writers.find(writerId);
    let end = 0;
    for (const table of [this.#older, this.#newer]) {
      const found = table.find(primaryKey);
      if (found === undefined) continue;
      end = Math.max(end, found.writer === writer ? found.endOfOthers : found.newest + 1);
    }
    return end;
  }
}
