import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { Gap } from '../event/index.ts';
import { readKeysFile } from './dump-keys.ts';
import { readWhole, withFile } from './durable-files.ts';
import { type AppendToTree, appendGone } from './gone-leaves.ts';
import { encodeIndex, parseIndex } from './index-file.ts';
import { indexName, isTileName, keysName, snapshotName, tileName, tilesName } from './layout.ts';
import { recordBytesMax } from './log-limits.ts';
import type { ChainPlace, ScannedBatch } from './scan-segment.ts';
import { parseSnapshot } from './snapshot-file.ts';
import { SparseIndex } from './sparse-index.ts';
import type { Storage } from './storage.ts';
import type { LogDamage, SoundSegment } from './survey.ts';
import { TileTree } from './tile-tree.ts';

/** Looks at the files that can be made again from the segments, while those are read. */
export class DerivedSurvey {
  /** Files that are there, and are not what they should be. */
  readonly wrong: string[] = [];
  /** What is wrong where nobody looks. */
  readonly notes: string[] = [];
  readonly #at: { storage: Storage; folder: string; chainId: Buffer; files: ReadonlySet<string> };
  readonly #damages: LogDamage[] = [];
  readonly #tree = new TileTree();
  /** What the tree grows by in the segment that is being read: the tiles must hold that of closed ones only. */
  #grown: Parameters<AppendToTree>[] = [];
  #tilesAreWrong = false;
  #lostHashes = 0;
  /** Where the batches of that segment lie. */
  #index: SparseIndex | undefined;

  constructor(at: {
    storage: Storage;
    folder: string;
    chainId: Buffer;
    files: ReadonlySet<string>;
  }) {
    this.#at = at;
  }

  /** How many hashes of commits that are gone the tiles don't have any more. */
  get lostHashes(): number {
    return this.#lostHashes;
  }

  readonly onBatch = (batch: ScannedBatch): void | Promise<void> => {
    const { gap, leaf, commit, stored, end } = batch;
    const { commits: goneCommits, events: goneEvents } = gap ?? { commits: 0, events: 0 };
    this.#index ??= new SparseIndex({
      offset: end - stored.length,
      commit: commit.commit - goneCommits,
      sequence: commit.firstSequence - goneEvents,
    });
    const { events, timeUnixMs } = commit;
    this.#index.add({ events, timeUnixMs, endOffset: end, gap });
    if (gap === undefined || goneCommits === 0) {
      this.#grown.push([leaf, 0]);
      return undefined;
    }
    // A scan's memory is used again, and what is kept of it was copied.
    return this.#addGone(gap, commit.commit - goneCommits, leaf);
  };

  /** The tiles alone have the leaf hashes of what is gone. */
  async #addGone(gap: Gap, firstCommit: number, leaf: Buffer): Promise<void> {
    const append: AppendToTree = (hash, height) => this.#grown.push([hash, height]);
    const { storage, folder } = this.#at;
    const at = { storage, folders: [folder] };
    this.#lostHashes += await appendGone(at, gap, { firstCommit, append });
    append(leaf, 0);
  }

  /** A segment was read to its end, and another one follows. */
  async onClosed(segment: SoundSegment, next: ChainPlace): Promise<void> {
    this.#grow();
    await this.#checkTiles();
    const places = this.#index;
    this.#index = undefined;
    const { segment: number, generation, firstCommit, firstSequence } = segment;
    const begin = { segment: number, generation, firstCommit, firstSequence };
    const of = { chainId: this.#at.chainId, ...begin };
    const span = { ...of, nextCommit: next.commit, nextSequence: next.sequence };
    await this.#check(indexName(number, generation), (bytes) => {
      parseIndex(bytes, span);
      if (places === undefined || encodeIndex(places, of).equals(bytes)) return;
      throw new RangeError('it has other places than its batches');
    });
    await this.#check(keysName(number, generation), async (bytes) => {
      const { of: keysOf } = await readKeysFile(bytes);
      // A chain's folder may have been put in the place of another one: then the file is passed over, and made again.
      if (segment.closed === undefined || keysOf.sha256.equals(segment.closed.sha256)) return;
      this.notes.push(
        `${keysName(number, generation)} is of another segment than the one that is there`,
      );
    });
  }

  /** All that is to be read was. @param active the segment to go on with. */
  async finish(active: SoundSegment): Promise<readonly LogDamage[]> {
    const name = snapshotName(active.segment);
    if (active.segment > 0) {
      await this.#check(name, (bytes) =>
        parseSnapshot(bytes, { ...active, chainId: this.#at.chainId }),
      );
    }
    const { size } = this.#tree;
    this.#grow();
    if (this.#lostHashes > 0) {
      this.notes.push(
        `${tilesName}/ lacks the hashes of ${this.#lostHashes} commits that are gone under a snapshot: of heads that end among them nothing can be proven. A backup may have them`,
      );
    }
    if (!this.#tilesAreWrong && (await this.#misfit(true)) !== undefined) {
      this.notes.push(`${tilesName}/ has other hashes than the tree behind its first ${size}`);
    }
    return this.#damages;
  }

  #grow(): void {
    for (const [hash, height] of this.#grown) this.#tree.append(hash, height);
    this.#grown = [];
  }

  async #check(name: string, parse: (bytes: Buffer) => unknown): Promise<void> {
    const { storage, folder, files } = this.#at;
    if (!files.has(name)) return;
    const size = (await storage.stat(join(folder, name)))?.bytes ?? 0;
    if (size > recordBytesMax) {
      this.#add(name, 0, `it has ${size} bytes, more than any such file can have`);
      this.wrong.push(name);
      return;
    }
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
    const wrong = this.#tilesAreWrong ? undefined : await this.#misfit(false);
    this.#tree.markWritten(this.#tree.unwritten());
    if (wrong === undefined) return;
    const { name, offset, isShort } = wrong;
    this.#tilesAreWrong = true;
    const what = isShort ? 'hashes of the tree are gone' : 'its hashes are not those of the tree';
    this.#add(name, offset, what, isShort ? 'truncated' : 'corrupt');
    this.wrong.push(...[...this.#at.files].filter(isTileName));
  }

  /** The first file of tiles that has other hashes than the tree. @param mayEnd whether one may have fewer, too. */
  async #misfit(mayEnd: boolean) {
    const { storage, folder, files } = this.#at;
    for (const { level, offset, bytes } of this.#tree.unwritten()) {
      const name = tileName(level);
      const found = files.has(name)
        ? await withFile(storage, join(folder, name), 'read', (file) =>
            file.read(offset, bytes.length),
          )
        : Buffer.alloc(0);
      const isShort = bytes.subarray(0, found.length).equals(found);
      if (!found.equals(bytes) && !(mayEnd && isShort)) return { name, offset, isShort };
    }
    return undefined;
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
