import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { Frontier, hashBytes } from '../crypto/index.ts';
import type { TreeHead } from '../event/index.ts';
import { copyChecked, copyGrown } from './copy-file.ts';
import { damageError, errorCode } from './damage.ts';
import { makeFolderDurable, readWhole, replaceFile, withFile } from './durable-files.ts';
import { ErasuresOfCopy } from './erasures-of-copy.ts';
import { leavesOfGap } from './gone-leaves.ts';
import {
  deletedName,
  erasuresName,
  indexName,
  isTileName,
  keysName,
  lockTokensName,
  manifestName,
  parseIndexName,
  parseKeysName,
  parseSegmentFileName,
  parseSnapshotName,
  segmentName,
  snapshotName,
  tileName,
  tilesName,
  unfinishedSuffix,
} from './layout.ts';
import { type ClosedSegment, encodeManifest, type Manifest, parseManifest } from './manifest.ts';
import type { ChainPlace } from './scan-segment.ts';
import { scanWholeFile } from './scan-whole-file.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import { encodeSegmentHeader, headerBytesMax, parseSegmentHeader } from './segment-header.ts';
import type { Storage } from './storage.ts';
import { TileFiles } from './tile-files.ts';

/** A chain to copy. */
export interface BackupOptions {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. A server may be at work there. */
  readonly from: string;
  /** Absolute path of the folder of the copy: a chain's, too, that nobody else writes to. */
  readonly to: string;
  /** Absolute path of the folder that copies are below; names are made durable up to it. */
  readonly top: string;
  /** Told of bytes that were copied. Ends it by throwing. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What became of a chain's copy. */
export interface BackupReport {
  readonly chainId: Buffer;
  /** Of all that is in the copy. */
  readonly head: TreeHead;
  readonly nextSequence: number;
  readonly segments: number;
  /** Closed segments that were copied now. */
  readonly copiedSegments: number;
  readonly copiedBytes: number;
}

/** Of a full tile. */
const tileHashes = 256;

/** How often it is begun anew, where the server has begun a segment, or put another file in the place of one, meanwhile. */
const triesMax = 20;

/**
 * Have a copy of a chain's log that is as of now: whole, consistent, and checked on the way, while a server may append to the chain,
 * close its segments and rewrite them. Closed segments that are in the copy already aren't copied again; what isn't the chain's any more, as data
 * that was erased, goes from the copy. A copy that was there stays as it was until the new one is complete.
 *
 * @returns undefined where there is no chain, or it is being deleted.
 * @throws AtedbError BACKUP_MISMATCH where the copy is of another chain, or of a history that this one doesn't go on; CHAIN_DAMAGED where a file
 * isn't what it was when it was closed; FORMAT_TOO_NEW; what the storage throws.
 */
export async function backupLog(options: BackupOptions): Promise<BackupReport | undefined> {
  const backup = new Backup(options);
  for (let tries = 1; ; tries += 1) {
    try {
      const done = await backup.run();
      if (done !== 'again') return done;
    } catch (error) {
      // A file has gone that the manifest had named.
      if (errorCode(error) !== 'ENOENT' || tries === triesMax) throw error;
    }
    if (tries === triesMax) throw restless(options.from);
  }
}

/** What says that all of a copy was durable, as a footer of a file that is being written to can't: what is missing of it later is damage, and not torn. */
function footerOf(whole: Buffer, { commit, sequence, frontier }: ChainPlace): Buffer {
  return encodeSegmentFooter({
    durableOffset: whole.length,
    nextCommit: commit,
    nextSequence: sequence,
    treeRoot: frontier.root(),
  });
}

class Backup {
  readonly #options: BackupOptions;
  #copiedSegments = 0;
  #copiedBytes = 0;

  constructor(options: BackupOptions) {
    this.#options = options;
  }

  async run(): Promise<BackupReport | 'again' | undefined> {
    const { storage, from, to, top } = this.#options;
    if ((await storage.stat(join(from, deletedName))) !== undefined) return undefined;
    // Before the manifest: what it says is done is done in the files that the manifest names.
    const erasures = await readWhole(storage, join(from, erasuresName));
    const bytes = await readWhole(storage, join(from, manifestName));
    if (bytes === undefined) return undefined;
    const manifest = parseManifest(bytes);
    await makeFolderDurable(storage, to, top);
    const before = await this.#manifestOfCopy();
    if (before !== undefined) await this.#checkGoesOn(before, manifest);
    const notes = new ErasuresOfCopy(this.#options, manifest.chainId, erasures);
    await notes.begin();
    // First, since it goes when the next segment is begun. All else that the manifest names is a whole chain, whatever is begun meanwhile.
    const hasSnapshot = await this.#copyOptional(snapshotName(manifest.active.segment));
    if (!hasSnapshot && manifest.active.segment > 0) return 'again';
    await this.#copyAllClosed(manifest, before);
    const { place, start } = await this.#copyActive(manifest);
    // Of what is gone under a snapshot nothing else has the hashes.
    await this.#copyTiles(place.commit);
    if (manifest.forgotten !== undefined) await this.#checkTiles(place.commit, start);
    await replaceFile(storage, join(to, manifestName), bytes);
    await this.#removeOthers(manifest);
    await this.#copyOptional(lockTokensName);
    await notes.end();
    return {
      chainId: manifest.chainId,
      head: { size: place.commit, root: place.frontier.root() },
      nextSequence: place.sequence,
      segments: manifest.closed.length + 1,
      copiedSegments: this.#copiedSegments,
      copiedBytes: this.#copiedBytes,
    };
  }

  async #manifestOfCopy(): Promise<Manifest | undefined> {
    const { storage, to } = this.#options;
    const bytes = await readWhole(storage, join(to, manifestName));
    return bytes && parseManifest(bytes);
  }

  /**
   * Copy closed segments one by one: after each the copy is a whole chain, as far as that, whatever interrupts it; or, where the chain was
   * compacted under another snapshot since, when all of them are there.
   */
  async #copyAllClosed(manifest: Manifest, before: Manifest | undefined): Promise<void> {
    const { storage, to } = this.#options;
    const { chainId, closed, compacted, forgotten } = manifest;
    // What is gone under a snapshot is gone from all segments, or none.
    const isOneStep = before?.forgotten?.snapshot !== forgotten?.snapshot;
    const known = [...(before?.closed ?? [])];
    let active = before?.active;
    for (const [place, segment] of closed.entries()) {
      const file = segmentName(segment.segment, segment.generation);
      const there = await storage.stat(join(to, file));
      const isSame = known[place]?.sha256.equals(segment.sha256) === true;
      if (isSame && there?.bytes === segment.bytes) continue;
      await this.#copyClosed(segment);
      if (isOneStep) continue;
      known[place] = segment;
      const next = closed[place + 1] ?? { ...manifest.active, generation: 0 };
      if (active === undefined || active.segment <= segment.segment) {
        await this.#beginSegment(next);
        active = { ...next };
      }
      const now = encodeManifest({ chainId, closed: known, active, compacted, forgotten });
      await replaceFile(storage, join(to, manifestName), now);
    }
  }

  /** Make the file of a segment as it was when it was begun: with nothing but its header, which needs no manifest. */
  async #beginSegment({ segment, generation }: Pick<ClosedSegment, 'segment' | 'generation'>) {
    const { storage, from, to } = this.#options;
    const path = join(from, segmentName(segment, generation));
    const start = await withFile(storage, path, 'read', (file) => file.read(0, headerBytesMax));
    const { header } = parseSegmentHeader(start, segment, generation);
    const opening = encodeSegmentHeader({ ...header, rewritten: undefined });
    await replaceFile(storage, join(to, segmentName(segment)), opening);
  }

  async #copyClosed({ segment: number, generation, bytes, sha256 }: ClosedSegment): Promise<void> {
    const file = segmentName(number, generation);
    await copyChecked(this.#copy(file), { file, bytes, sha256 });
    this.#copiedSegments += 1;
    // Derived: without them they are made again.
    await this.#copyOptional(indexName(number, generation));
    await this.#copyOptional(keysName(number, generation));
  }

  /** Copy the active segment as far as it is whole, and durable. */
  async #copyActive({ active, closed }: Manifest) {
    const { storage, from, to } = this.#options;
    const fileName = segmentName(active.segment);
    const pieces: Buffer[] = [];
    const { header, opening, scan, footer } = await scanWholeFile(
      { storage, folder: from },
      { ...active, generation: 0 },
      ({ stored }) => {
        pieces.push(Buffer.from(stored));
      },
    );
    const before = closed.at(-1)?.originalSha256 ?? noBytes;
    const { firstCommit, previousSha256 = noBytes } = header;
    if (firstCommit !== active.firstCommit || !previousSha256.equals(before)) {
      const what = 'it does not follow the segment before';
      throw damageError({ file: fileName, offset: 0, what });
    }
    const whole = Buffer.concat([opening, ...pieces]);
    const bytes = Buffer.concat([whole, footer.length > 0 ? footer : footerOf(whole, scan.place)]);
    const there = await readWhole(storage, join(to, fileName));
    if (there?.equals(bytes) !== true) {
      await replaceFile(storage, join(to, fileName), bytes);
      this.#count(bytes.length);
    }
    return { place: scan.place, start: Frontier.from(firstCommit, header.frontier) };
  }

  /**
   * Check that the chain goes on what the copy has. A copy is never put back behind that: a chain that is shorter, or another one, was
   * restored, or its server has lost something.
   *
   * @throws AtedbError BACKUP_MISMATCH.
   */
  async #checkGoesOn(copy: Manifest, chain: Manifest): Promise<void> {
    const { storage, from, to } = this.#options;
    if (!copy.chainId.equals(chain.chainId)) {
      throw mismatch(to, copy, 'has a copy of another chain of this name');
    }
    const { segment } = copy.active;
    const isGone = chain.active.segment < segment;
    // A segment that was rewritten, and then cut by a repair, is named by the same SHA-256, and ends sooner.
    const isOther = copy.closed.some((one, at) => {
      const is = chain.closed[at];
      const next = chain.closed[at + 1] ?? chain.active;
      const end = (copy.closed[at + 1] ?? copy.active).firstCommit;
      return is?.originalSha256.equals(one.originalSha256) !== true || next.firstCommit !== end;
    });
    const generation = chain.closed[segment - (chain.closed[0]?.segment ?? 0)]?.generation ?? 0;
    if (!isGone && !isOther) {
      const had = await this.#leavesOf({ storage, folder: to }, { segment, generation: 0 });
      const has = await this.#leavesOf({ storage, folder: from }, { segment, generation });
      if (had.every((leaf, at) => has[at]?.equals(leaf) === true)) return;
    }
    const what =
      'has a copy of a history that the chain does not go on: it was restored from an older state, or repaired';
    throw mismatch(to, copy, what);
  }

  /** What the commits of a segment are in the tree. */
  async #leavesOf(
    at: { readonly storage: Storage; readonly folder: string },
    of: { readonly segment: number; readonly generation: number },
  ): Promise<Buffer[]> {
    const leaves: Buffer[] = [];
    await scanWholeFile(at, of, async ({ gap, leaf, commit }) => {
      if (gap !== undefined)
        leaves.push(...(await leavesOfGap(at, gap, commit.commit - gap.commits)));
      leaves.push(leaf);
    });
    return leaves;
  }

  /** Copy a small file. @returns whether it is there. */
  async #copyOptional(name: string): Promise<boolean> {
    const { storage, from, to } = this.#options;
    const bytes = await readWhole(storage, join(from, name));
    if (bytes === undefined) return false;
    const there = await readWhole(storage, join(to, name));
    if (there?.equals(bytes) === true) return true;
    await replaceFile(storage, join(to, name), bytes);
    this.#count(bytes.length);
    return true;
  }

  /** Hashes of the tree, of which files only grow. */
  async #copyTiles(leaves: number): Promise<void> {
    const { storage, from, to, top } = this.#options;
    if ((await storage.stat(join(from, tilesName))) === undefined) return;
    await makeFolderDurable(storage, join(to, tilesName), top);
    // Of each level those of the tree that was copied, or fewer.
    for (let level = 0, count = leaves; count > 0; level += 1) {
      const name = tileName(level);
      const isThere = (await storage.stat(join(from, name)))?.kind === 'file';
      const pieces = { pieceBytes: hashBytes, piecesMax: count };
      if (isThere) await copyGrown(this.#copy(name), pieces);
      count = Math.floor(count / tileHashes);
    }
  }

  /**
   * Have whole tiles in the copy, if the chain has them: a backup that was cut off may have left there what never was in these files. Where only
   * the copy is whole it stays.
   *
   * @param frontier of the tree before the active segment.
   */
  async #checkTiles(leaves: number, frontier: Frontier): Promise<void> {
    const { storage, from, to } = this.#options;
    const areWhole = (folder: string) => TileFiles.areWhole({ storage, folder, frontier });
    if ((await areWhole(to)) || !(await areWhole(from))) return;
    for (let level = 0, count = leaves; count > 0; level += 1) {
      const { to: path, ...copy } = this.#copy(tileName(level));
      // Of the active segment's commits the chain may have no file of this level yet.
      if ((await storage.stat(copy.from)) === undefined) return;
      const unfinished = path + unfinishedSuffix;
      if ((await storage.stat(unfinished)) !== undefined) await storage.remove(unfinished);
      const pieces = { pieceBytes: hashBytes, piecesMax: count };
      await copyGrown({ ...copy, to: unfinished }, pieces);
      await storage.rename(unfinished, path);
      await storage.syncFolder(join(to, tilesName));
      count = Math.floor(count / tileHashes);
    }
  }

  /** Remove from the copy what the manifest doesn't name: files that others have taken the place of, and unfinished ones. */
  async #removeOthers({ closed, active }: Manifest): Promise<void> {
    const { storage, to } = this.#options;
    const parts = new Set([manifestName, lockTokensName, erasuresName]);
    parts.add(segmentName(active.segment)).add(snapshotName(active.segment));
    for (const { segment, generation } of closed) {
      for (const nameOf of [segmentName, indexName, keysName])
        parts.add(nameOf(segment, generation));
    }
    let isChanged = false;
    for (const { name, isFolder } of await storage.list(to)) {
      if (isFolder || parts.has(name) || isTileName(name) || !isOurs(name)) continue;
      await storage.remove(join(to, name));
      isChanged = true;
    }
    if (isChanged) await storage.syncFolder(to);
  }

  #copy(name: string) {
    const { storage, from, to } = this.#options;
    const onBytes = (bytes: number) => this.#count(bytes);
    return { storage, from: join(from, name), to: join(to, name), onBytes };
  }

  #count(bytes: number): void {
    this.#copiedBytes += bytes;
    this.#options.onBytes?.(bytes);
  }
}

const noBytes = Buffer.alloc(0);

/** Whether a file of this name is one that logs have; others in the copy's folder aren't touched. */
function isOurs(name: string): boolean {
  return (
    name.endsWith(unfinishedSuffix) ||
    parseSegmentFileName(name) !== undefined ||
    parseIndexName(name) !== undefined ||
    parseKeysName(name) !== undefined ||
    parseSnapshotName(name) !== undefined
  );
}

function mismatch(folder: string, { chainId }: Manifest, what: string): AtedbError {
  return new AtedbError(
    'BACKUP_MISMATCH',
    `${folder} ${what}. It was left as it is; back up to another folder`,
    { metadata: { folder, chain_id: chainId.toString('hex') } },
  );
}

function restless(folder: string): AtedbError {
  return new AtedbError(
    'STORAGE_FAILED',
    `the files of ${folder} were others each time that they were to be copied. Try again when less is written`,
    { metadata: { folder } },
  );
}
