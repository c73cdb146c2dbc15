import { ChildTable, KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import {
  type Batch,
  dataBytesAt,
  eachPlace,
  eachPlaceOfRun,
  eachPrimaryKey,
  kindData,
  layoutOf,
  layoutStride,
  WriterNumbers,
  writesObject,
} from '../event/index.ts';

/** The keys of some segment's events, in memory, and where these have put objects. */
export class MemoryKeys {
  readonly firstSequence: number;
  readonly table = new KeyTable(randomSecret());
  readonly children = new ChildTable(randomSecret());
  readonly writers = new WriterNumbers();
  /** Sequence after the last event that came. */
  end: number;

  constructor(firstSequence: number) {
    this.firstSequence = firstSequence;
    this.end = firstSequence;
  }

  /** Take note of a batch that was just taken apart. */
  addBatch(batch: Batch, firstSequence: number): void {
    const { bytes, layout, count, seal } = batch;
    const writer = this.writers.numberOf(seal.writerId);
    for (let index = 0; index < count; index += 1) {
      const at = layout[index * layoutStride + layoutOf.keyStart] as number;
      const kind = layout[index * layoutStride + layoutOf.kind] as number;
      if (!writesObject(kind) || at === 0) continue;
      const dataBytes = kind === kindData ? dataBytesAt(layout, index) : 0;
      this.table.add(bytes, at, firstSequence + index, writer, dataBytes);
    }
    eachPlace(batch, (event, key, parent, collection, isMove) =>
      this.children.add(bytes, key, parent, collection, firstSequence + event, isMove),
    );
    this.end = firstSequence + count;
  }

  /** Take note of a batch that was checked before. */
  addRun(run: Buffer, of: { firstSequence: number; events: number; writerId: Buffer }): void {
    const { firstSequence, events, writerId } = of;
    const writer = this.writers.numberOf(writerId);
    eachPrimaryKey(run, (event, at, dataBytes) =>
      this.table.add(run, at, firstSequence + event, writer, dataBytes),
    );
    eachPlaceOfRun(run, (event, key, parent, collection, isMove) =>
      this.children.add(run, key, parent, collection, firstSequence + event, isMove),
    );
    this.end = firstSequence + events;
  }

  endOfOthers(key: Buffer, writerId: Buffer): number {
    const found = this.table.find(key);
    if (found === undefined) return 0;
    const isOwn = found.writer === this.writers.find(writerId);
    return isOwn ? found.endOfOthers : found.newest + 1;
  }
}
