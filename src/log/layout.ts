/** The names of a chain folder's files. Pure: nothing here looks at a disk. */

/** Which files make up the chain; see `manifest.ts`. */
export const manifestName = 'manifest';

/** The folder of the tree's hashes; see `tile-tree.ts`. */
export const tilesName = 'tiles';

/** Which tokens of leases were given out; see `lock-tokens.ts`. */
export const lockTokensName = 'lock-tokens';

/** How far redactions were carried out; see `erasures-file.ts`. */
export const erasuresName = 'erasures';

/** Says, in a chain's folder, that the chain is deleted: a root's signed wish. */
export const deletedName = 'deleted';

/** Ends the name of the folder of a deleted chain. No part of a chain key has a tilde: no other chain's folder is called so. */
export const deletedSuffix = '~deleted';

/** The folder, in a chain's, of files that a repair is making: they count for nothing, and go when it has ended or the chain is opened. */
export const mendingName = 'mending';

/** Ends the name of a file or folder that isn't finished: it is replaced whenever it is found. */
export const unfinishedSuffix = '.new';

const digits = (number: number): string => String(number).padStart(8, '0');

/** How a file is told from those of the same segment that were before it: each rewriting makes the next generation. */
const generationSuffix = (generation: number): string => (generation === 0 ? '' : `.${generation}`);

/** The file of a segment, as it was closed or as it was rewritten so many times. */
export const segmentName = (segment: number, generation = 0): string =>
  `segment-${digits(segment)}${generationSuffix(generation)}.log`;

/** The state before a segment's first commit. */
export const snapshotName = (segment: number): string => `snapshot-${digits(segment)}`;

/** Where batches lie in a closed segment. */
export const indexName = (segment: number, generation = 0): string =>
  `index-${digits(segment)}${generationSuffix(generation)}`;

/** Which primary keys are in a closed segment. */
export const keysName = (segment: number, generation = 0): string =>
  `keys-${digits(segment)}${generationSuffix(generation)}`;

/** The hashes of subtrees of 2^(8 × level) leaves. */
export const tileName = (level: number): string => `${tilesName}/${level}`;

/** Whether a path within a chain's folder is that of a level's hashes. */
export const isTileName = (path: string): boolean => path.startsWith(`${tilesName}/`);

/** Bytes that were cut off a segment at an offset; `attempt` counts from 0 where there are several. */
export function tailName(segment: number, offset: number, attempt: number): string {
  return `segment-${digits(segment)}.tail-${offset}${attempt === 0 ? '' : `-${attempt}`}`;
}

/** Whether a file of this name holds bytes that were cut off a segment. */
export const isTailName = (name: string): boolean =>
  /^segment-\d{8,15}\.tail-\d+(-\d+)?$/.test(name);

/** The folder, in a chain's, of what one repair set aside; they are numbered from 1 on. */
export const setAsideName = (repair: number): string => `set-aside-${repair}`;

/** The path of a chain's folder that a restore has put another one in the place of; they are numbered from 1 on. No chain's name has a tilde. */
export const replacedFolder = (folder: string, restore: number): string =>
  `${folder}~replaced-${restore}`;

/** The number of the restore that has set a folder of this name aside, of the chain whose folder has that one; undefined for another name. */
export function parseReplacedName(folderName: string, name: string): number | undefined {
  if (!name.startsWith(`${folderName}~`)) return undefined;
  return parseNumbered(name.slice(folderName.length), /^~replaced-([1-9]\d{0,14})$/, (restore) =>
    replacedFolder('', restore),
  );
}

/** The number of the repair whose folder has this name, or undefined for another name. */
export function parseSetAsideName(name: string): number | undefined {
  return parseNumbered(name, /^set-aside-([1-9]\d{0,14})$/, setAsideName);
}

/** Which file of which segment a name is that of. */
export interface SegmentFileName {
  readonly segment: number;
  readonly generation: number;
}

/** The segment whose file has this name, of whatever generation, or undefined for another name. */
export function parseSegmentName(name: string): number | undefined {
  return parseSegmentFileName(name)?.segment;
}

/** The segment and the generation whose file has this name, or undefined for another name. */
export function parseSegmentFileName(name: string): SegmentFileName | undefined {
  return parseOfGeneration(name, /^segment-(\d{8,15})(?:\.([1-9]\d{0,14}))?\.log$/, segmentName);
}

/** The number of the snapshot whose file has this name, or undefined for another name. */
export function parseSnapshotName(name: string): number | undefined {
  return parseNumbered(name, /^snapshot-(\d{8,15})$/, snapshotName);
}

/** Of which segment, and of which generation, the index is that is in the file of this name, or undefined for another name. */
export function parseIndexName(name: string): SegmentFileName | undefined {
  return parseOfGeneration(name, /^index-(\d{8,15})(?:\.([1-9]\d{0,14}))?$/, indexName);
}

/** Of which segment, and of which generation, the keys are that are in the file of this name, or undefined for another name. */
export function parseKeysName(name: string): SegmentFileName | undefined {
  return parseOfGeneration(name, /^keys-(\d{8,15})(?:\.([1-9]\d{0,14}))?$/, keysName);
}

function parseOfGeneration(
  name: string,
  pattern: RegExp,
  nameOf: (segment: number, generation: number) => string,
): SegmentFileName | undefined {
  const found = pattern.exec(name);
  if (found === null) return undefined;
  const segment = Number(found[1]);
  const generation = Number(found[2] ?? 0);
  return nameOf(segment, generation) === name ? { segment, generation } : undefined;
}

function parseNumbered(
  name: string,
  pattern: RegExp,
  nameOf: (number: number) => string,
): number | undefined {
  const number = Number(pattern.exec(name)?.[1] ?? Number.NaN);
  return nameOf(number) === name ? number : undefined;
}
