import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readKeysFile } from './dump-keys.ts';
import { readWhole, withFile } from './durable-files.ts';
import { parseIndex } from './index-file.ts';
import { indexName, keysName, snapshotName, tileName, tilesName } from './layout.ts';
import type { ChainPlace, ScannedBatch } from './scan-segment.ts';
import { parseSnapshot } from './snapshot-file.ts';
import type { Storage } from './storage.ts';
import type { LogDamage, SoundSegment } from './survey.ts';
import { TileTree } from './tile-tree.ts';

/** Looks at the files that can be made again from the segments, while those are read. */
export class DerivedSurvey {
  /** Files that are there, and are not what they should be. */
  readonly wrong: string[] = [];
  readonly #at: { storage: Storage; folder: string; chainId: Buffer; files: ReadonlySet<string> };
  readonly #damages: LogDamage[] = [];
  readonly #tree = new TileTree();
  /** Leaves of the segment that is being read: the tiles must hold those of closed ones only. */
  #leaves: Buffer[] = [];
  #tilesAreWrong = false;

  constructor(at: {
    storage: Storage;
    folder: string;
    chainId: Buffer;
    files: ReadonlySet<string>;
  }) {
    this.#at = at;
  }

  readonly onBatch = ({ leaf }: ScannedBatch): void => {
    this.#leaves.push(leaf);
  };

  /** A segment was read to its end, and another one follows. */
  async onClosed(segment: SoundSegment, next: ChainPlace): Promise<void> {
    for (const leaf of this.#leaves) this.#tree.append(leaf);
    this.#leaves = [];
    await this.#checkTiles();
    const { segment: number, firstCommit, firstSequence } = segment;
    const of = { chainId: this.#at.chainId, segment: number, firstCommit, firstSequence };
    const span = { ...of, nextCommit: next.commit, nextSequence: next.sequence };
    await this.#check(indexName(number), (bytes) => parseIndex(bytes, span));
    await this.#check(keysName(number), readKeysFile);
  }

  /** All that is to be read was. @param active the segment to go on with. */
  async finish(active: SoundSegment): Promise<readonly LogDamage[]> {
    const name = snapshotName(active.segment);
    if (active.segment > 0) {
      await this.#check(name, (bytes) =>
        parseSnapshot(bytes, { ...active, chainId: this.#at.chainId }),
      );
    }
    return this.#damages;
  }

  async #check(name: string, parse: (bytes: Buffer) => unknown): Promise<void> {
    const { storage, folder, files } = this.#at;
    if (!files.has(name)) return;
    const bytes = (await readWhole(storage, join(folder, name))) ?? Buffer.alloc(0);
    try {
      await parse(bytes);
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'FORMAT_TOO_NEW') throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#add(name, 0, message.replace(/^.* is damaged at offset 0: /, ''));
      this.wrong.push(name);
    }
  }

  /** Compare what the tree has become with the files, which may hold more. */
  async #checkTiles(): Promise<void> {
    const { storage, folder, files } = this.#at;
    const writes = this.#tree.unwritten();
    for (const { level, offset, bytes } of writes) {
      if (this.#tilesAreWrong) break;
      const name = tileName(level);
      const found = files.has(name)
        ? await withFile(storage, join(folder, name), 'read', (file) =>
            file.read(offset, bytes.length),
          )
        : Buffer.alloc(0);
      if (found.equals(bytes)) continue;
      this.#tilesAreWrong = true;
      const isShort = bytes.subarray(0, found.length).equals(found);
      const what = isShort ? 'hashes of the tree are gone' : 'its hashes are not those of the tree';
      this.#add(name, offset, what, isShort ? 'truncated' : 'corrupt');
      this.wrong.push(...[...files].filter((file) => file.startsWith(`${tilesName}/`)));
    }
    this.#tree.markWritten(writes);
  }

  #add(file: string, offset: number, what: string, kind: LogDamage['kind'] = 'corrupt'): void {
    this.#damages.push({
      file,
      offset,
      kind,
      what: `${what}; it is made again`,
      losesEvents: false,
    });
  }
}
