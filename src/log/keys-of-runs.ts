import { KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import { eachPrimaryKey, parseSealOfRun, WriterNumbers } from '../event/index.ts';

/** All keys of one segment, in memory. */
export interface SegmentKeys {
  readonly table: KeyTable;
  /** Ids by the numbers that the table has for them: 32 bytes each. */
  readonly writers: readonly Buffer[];
}

/** Gathers the primary keys of runs that were checked before. */
export class KeysOfRuns {
  readonly #table = new KeyTable(randomSecret());
  readonly #writers = new WriterNumbers();

  /** Take note of a run's events. */
  add(run: Buffer, firstSequence: number): void {
    const writer = this.#writers.numberOf(parseSealOfRun(run).writerId);
    eachPrimaryKey(run, (event, at, dataBytes) =>
      this.#table.add(run, at, firstSequence + event, writer, dataBytes),
    );
  }

  /** What came so far. */
  get all(): SegmentKeys {
    return { table: this.#table, writers: this.#writers.ids };
  }
}
