import { ChildTable, KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import { eachPlaceOfRun, eachPrimaryKey, parseSealOfRun, WriterNumbers } from '../event/index.ts';

/** All keys of one segment, in memory. */
export interface SegmentKeys {
  readonly table: KeyTable;
  /** Where its events put objects. */
  readonly children: ChildTable;
  /** Ids by the numbers that the table has for them: 32 bytes each. */
  readonly writers: readonly Buffer[];
}

/** Gathers the primary keys of runs that were checked before. */
export class KeysOfRuns {
  readonly #table = new KeyTable(randomSecret());
  readonly #children = new ChildTable(randomSecret());
  readonly #writers = new WriterNumbers();

  /** Take note of a run's events. */
  add(run: Buffer, firstSequence: number): void {
    const writer = this.#writers.numberOf(parseSealOfRun(run).writerId);
    eachPrimaryKey(run, (event, at, dataBytes) =>
      this.#table.add(run, at, firstSequence + event, writer, dataBytes),
    );
    eachPlaceOfRun(run, (event, key, parent, collection, isMove) =>
      this.#children.add(run, key, parent, collection, firstSequence + event, isMove),
    );
  }

  /** What came so far. */
  get all(): SegmentKeys {
    return { table: this.#table, children: this.#children, writers: this.#writers.ids };
  }
}
