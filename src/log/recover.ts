import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { type ChainDamage, damageOf, describeLoss, type Trouble } from './damage.ts';
import type { DamagedSpan } from './damaged-spans.ts';
import { removeFolder } from './delete-folder.ts';
import { holdsBatches } from './holds-batches.ts';
import {
  manifestName,
  mendingName,
  parseSegmentFileName,
  parseSnapshotName,
  segmentName,
  tilesName,
} from './layout.ts';
import { leftFiles } from './left-files.ts';
import { type LoadedManifest, loadManifest } from './load-manifest.ts';
import { loadState } from './load-state.ts';
import type { OpenChainLogOptions } from './log-options.ts';
import type { Manifest } from './manifest.ts';
import { openActiveSegment, type RecoveredSegment } from './open-active-segment.ts';
import { rebuildTiles } from './rebuild-tiles.ts';
import { scrubSegment } from './scrub-segment.ts';
import { TileFiles } from './tile-files.ts';

/** A chain's log as its files have it. */
export interface RecoveredLog
  extends Omit<RecoveredSegment, 'firstFrontier' | 'leaves' | 'trouble'> {
  readonly manifest: Manifest;
  /** Undefined where the tree is lost: then there are no proofs. */
  readonly tiles: TileFiles | undefined;
  /** Why it can only be read. */
  readonly trouble: string | undefined;
  /** What of it had been durable, and is damaged. */
  readonly damages: readonly ChainDamage[];
  /** The parts of closed segments among them. */
  readonly spans: readonly DamagedSpan[];
}

/**
 * Recover a chain's log: what is whole is handed to the owner and made durable, what a crash tore is set aside and
 * cut off, and what is damaged makes the log read-only.
 *
 * @throws AtedbError FORMAT_TOO_NEW; CHAIN_DAMAGED where nothing can be read or the owner's state can't be had.
 */
export async function recover(options: OpenChainLogOptions): Promise<RecoveredLog> {
  const loaded = await loadManifest(options.storage, options.folder);
  const { manifest } = loaded;
  const spans: DamagedSpan[] = [];
  const troubles = await findTroubles(options, loaded, spans);
  const mayWrite = troubles.length === 0;
  const { timeUnixMs } = await loadState(options, manifest, mayWrite);
  const active = await openActiveSegment(options, manifest, { timeUnixMs, mayWrite });
  try {
    if (active.trouble !== undefined) troubles.push(active.trouble);
    if (active.place.commit === 0) {
      throw new AtedbError('CHAIN_DAMAGED', `no batch can be read: ${inWords(troubles)}`);
    }
    const tiles = await loadTiles(options, manifest, active, troubles);
    if (troubles.length === 0) await removeOldFiles(options, manifest);
    const trouble = inWords(troubles);
    const damages = troubles.flatMap(({ damage }) => damage ?? []);
    return { ...active, trouble, damages, spans, manifest, tiles };
  } catch (error) {
    await active.file?.close();
    throw error;
  }
}

/** Troubles in one text; undefined for none. */
function inWords(troubles: readonly Trouble[]): string | undefined {
  return troubles.length === 0 ? undefined : troubles.map(({ what }) => what).join('; ');
}

/** What is wrong with the manifest, or with the files as it says they are. */
async function findTroubles(
  options: OpenChainLogOptions,
  { manifest, trouble }: LoadedManifest,
  spans: DamagedSpan[],
): Promise<Trouble[]> {
  const { storage, folder } = options;
  const troubles: Trouble[] = [];
  // Of a chain whose manifest is gone nothing says where it had ended, or where the active segment did.
  const beyond = { firstSequence: manifest.active.firstSequence, lastSequence: undefined };
  if (trouble !== undefined) {
    const damage = { file: manifestName, offset: 0, what: trouble, ...beyond };
    troubles.push({ what: trouble, damage });
  }
  const suspects = new Set(options.suspects);
  for (const [place, segment] of manifest.closed.entries()) {
    const name = segmentName(segment.segment, segment.generation);
    const entry = await storage.stat(join(folder, name));
    const isAsListed = entry?.kind === 'file' && entry.bytes === segment.bytes;
    if (isAsListed && !suspects.has(segment.segment)) continue;
    const next = manifest.closed[place + 1] ?? manifest.active;
    const { chainId } = manifest;
    const rest = async () => {};
    const found = await scrubSegment({ storage, folder, chainId, segment, next, rest });
    if (found === undefined) continue;
    spans.push(...found.spans);
    troubles.push(...found.damages.map((damage) => ({ what: describeLoss(damage), damage })));
  }
  const unlisted = manifest.active.segment + 1;
  const after = manifest.active.segment;
  if (await holdsBatches(storage, folder, { segment: unlisted, after })) {
    const what = `the manifest doesn't name ${segmentName(unlisted)}, which holds batches: it is older than the log`;
    troubles.push({ what, damage: { file: manifestName, offset: 0, what, ...beyond } });
  }
  return troubles;
}

/** The tree up to the active segment from the tiles, or from the segments where those don't hold it. */
async function loadTiles(
  options: OpenChainLogOptions,
  manifest: Manifest,
  { firstFrontier, leaves }: RecoveredSegment,
  troubles: Trouble[],
): Promise<TileFiles | undefined> {
  const { storage, folder, caches, onNotice } = options;
  const at = { storage, folder, cache: caches?.tiles };
  let tiles = await TileFiles.load({ ...at, frontier: firstFrontier });
  if (tiles === undefined) {
    let lost = 0;
    try {
      const of = { storage, folder, manifest, expected: firstFrontier, caches };
      ({ tiles, lost } = await rebuildTiles(of));
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
      const what = `the tree's hashes are lost: ${error.message}`;
      const { file, offset } = damageOf(error) ?? { file: tilesName, offset: 0 };
      // Without proofs nothing of the chain can be verified.
      troubles.push({
        what,
        damage: { file, offset, what, firstSequence: 0, lastSequence: undefined },
      });
      return undefined;
    }
    const without =
      lost === 0
        ? ''
        : `, but for the hashes of ${lost} commits that are gone under a snapshot: of heads that end among them nothing can be proven any more`;
    onNotice(`the files of tiles/ were made again from the segments${without}`);
    if (troubles.length === 0) await tiles.flush();
  }
  for (const leaf of leaves) tiles.append(leaf);
  return tiles;
}

/**
 * Remove what isn't needed any more, unless a crash came first: snapshots before closed segments, and files of segments in
 * another generation than the manifest names. That all it names is there was found before.
 */
async function removeOldFiles(
  options: OpenChainLogOptions,
  { closed, active }: Manifest,
): Promise<void> {
  const { storage, folder } = options;
  const names = await storage.list(folder);
  // What a repair was making when it was cut off.
  if (names.some(({ name, isFolder }) => name === mendingName && isFolder)) {
    await removeFolder(storage, join(folder, mendingName));
  }
  const snapshots = names.filter(
    ({ name }) => (parseSnapshotName(name) ?? active.segment) < active.segment,
  );
  const left = await leftFiles(storage, folder, closed);
  // What a backup has left that was interrupted, or a roll, which makes its file anew: else it would be taken for what goes on from here.
  const isBeyond = (name: string) => {
    const found = parseSegmentFileName(name);
    return found?.generation === 0 && found.segment > active.segment;
  };
  left.push(...names.filter(({ name }) => isBeyond(name)).map(({ name }) => name));
  for (const name of [...snapshots.map((one) => one.name), ...left]) {
    await storage.remove(join(folder, name));
  }
}
