import { basename, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import {
  SegmentIndexSchema,
  type StateSnapshot,
  StateSnapshotSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { toNumber } from './checked-record.ts';
import { readKeysFile } from './dump-keys.ts';
import { readSegmentParts, type SegmentPart } from './dump-segment.ts';
import { readWhole } from './durable-files.ts';
import { parseIndex } from './index-file.ts';
import { manifestName, parseKeysName, parseSegmentName, tilesName } from './layout.ts';
import { recordBytesMax } from './log-limits.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { parseSnapshot } from './snapshot-file.ts';
import type { Storage } from './storage.ts';
import { hashBytes } from './tile-tree.ts';

/** A part of a log, in the order of its files. */
export type DumpPart = { readonly file: string } & (
  | SegmentPart
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'snapshot'; readonly snapshot: StateSnapshot }
  | { readonly kind: 'index'; readonly entries: number; readonly endOffset: number }
  | { readonly kind: 'keys'; readonly keys: number; readonly writers: number }
  | { readonly kind: 'tiles'; readonly hashes: number }
  /** A file that is listed, and not looked into. */
  | { readonly kind: 'other'; readonly bytes: number }
);

/**
 * Read the folder of a chain, or one file of it, part by part, for people. Nothing is written, no lock is taken, and
 * a server may be at work there.
 *
 * @throws AtedbError REQUEST_INVALID where the path names nothing of the kind, FORMAT_TOO_NEW.
 */
export async function* dumpLog(storage: Storage, path: string): AsyncGenerator<DumpPart, void> {
  const entry = await storage.stat(path);
  if (entry === undefined) throw wrongPath(`there is no file or folder ${path}`);
  if (entry.kind === 'file') yield* dumpFile(storage, path);
  else if (entry.kind === 'folder') yield* dumpFolder(storage, path);
  else throw wrongPath(`${path} is neither a file nor a folder`);
}

async function* dumpFolder(storage: Storage, folder: string): AsyncGenerator<DumpPart, void> {
  const entries = await storage.list(folder);
  const names = entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  if (!names.some((name) => name === manifestName || parseSegmentName(name) !== undefined)) {
    throw wrongPath(
      `${folder} is not the folder of a chain: it has neither a manifest nor segments. Such folders are below a ` +
        "server's logs path, and their names end with .chain",
    );
  }
  names.sort((a, b) => orderOf(a) - orderOf(b));
  for (const name of names) yield* dumpFile(storage, join(folder, name), name);
  if (!entries.some(({ name, isFolder }) => isFolder && name === tilesName)) return;
  for (const { name } of await storage.list(join(folder, tilesName))) {
    const file = `${tilesName}/${name}`;
    const bytes = (await storage.stat(join(folder, file)))?.bytes ?? 0;
    yield { file, kind: 'tiles', hashes: Math.floor(bytes / hashBytes) };
  }
}

/** The manifest, then for each segment its snapshot, the segment, its index and keys, and tails that were cut off it. */
function orderOf(name: string): number {
  if (name === manifestName) return -1;
  const [, kind, number = '', suffix = ''] = /^([a-z]+)-(\d+)(.*)$/.exec(name) ?? [];
  const place = kind === 'segment' && suffix !== '.log' ? kinds.length : kinds.indexOf(kind ?? '');
  return place < 0 ? Number.MAX_SAFE_INTEGER : Number(number) * (kinds.length + 1) + place;
}

const kinds = ['snapshot', 'segment', 'index', 'keys'];

async function* dumpFile(
  storage: Storage,
  path: string,
  file = basename(path),
): AsyncGenerator<DumpPart, void> {
  const source = await storage.open(path, 'read');
  let first: Buffer;
  try {
    first = await source.read(0, 5);
    if (isSegment(first, file)) {
      for await (const part of readSegmentParts(source, file)) yield { file, ...part };
      return;
    }
  } finally {
    await source.close();
  }
  yield await dumpRecord(storage, path, { file, first });
}

/** By its first byte, the tag of a header or an event; by its name where that is gone, or says nothing. */
function isSegment(first: Buffer, file: string): boolean {
  // It begins as a slice of a log does.
  if (parseKeysName(file) !== undefined) return false;
  return first[0] === 0x22 || first[0] === 0x0a || parseSegmentName(file) !== undefined;
}

async function dumpRecord(
  storage: Storage,
  path: string,
  { file, first }: { file: string; first: Buffer },
): Promise<DumpPart> {
  const bytes = (await storage.stat(path))?.bytes ?? 0;
  const read = readerOf(first, file);
  if (read === undefined || bytes > recordBytesMax) {
    if (file !== manifestName) return { file, kind: 'other', bytes };
    return { file, kind: 'fault', offset: 0, bytes, what: 'it is no manifest', torn: false };
  }
  try {
    return { file, ...(await read((await readWhole(storage, path)) ?? Buffer.alloc(0))) };
  } catch (error) {
    if (error instanceof AtedbError && error.reason !== 'CHAIN_DAMAGED') throw error;
    const what = error instanceof Error ? error.message : String(error);
    const short = what.replace(/^.* is damaged at offset 0: /, '');
    return { file, kind: 'fault', offset: 0, bytes, what: short, torn: false };
  }
}

/** What reads a file, by how it begins; keys, which begin as much else does, by their name. */
function readerOf(first: Buffer, file: string) {
  if (parseKeysName(file) !== undefined) return readKeys;
  const letters = first[0] === 0x0d ? first.toString('latin1', 1, 4) : '';
  return { AMF: readManifest, ASS: readSnapshot, AIX: readIndex }[letters];
}

type PartOf<Kind extends DumpPart['kind']> = Omit<Extract<DumpPart, { kind: Kind }>, 'file'>;

function readManifest(bytes: Buffer): PartOf<'manifest'> {
  return { kind: 'manifest', manifest: parseManifest(bytes) };
}

/** A snapshot is checked against what it says of itself: there may be nothing beside it to check it against. */
function readSnapshot(bytes: Buffer): PartOf<'snapshot'> {
  const { chainId, nextCommit, nextSequence } = fromBinary(StateSnapshotSchema, bytes);
  const { snapshot } = parseSnapshot(bytes, {
    chainId: Buffer.from(chainId),
    segment: 0,
    firstCommit: toNumber(nextCommit, 'its commit'),
    firstSequence: toNumber(nextSequence, 'its sequence'),
  });
  return { kind: 'snapshot', snapshot };
}

async function readKeys(bytes: Buffer): Promise<PartOf<'keys'>> {
  const { keys, writers } = await readKeysFile(bytes);
  return { kind: 'keys', keys, writers };
}

/** As `readSnapshot`. */
function readIndex(bytes: Buffer): PartOf<'index'> {
  const message = fromBinary(SegmentIndexSchema, bytes);
  const firstCommit = toNumber(message.commits[0] ?? 0n, 'its commit');
  const firstSequence = toNumber(message.sequences[0] ?? 0n, 'its sequence');
  const index = parseIndex(bytes, {
    chainId: Buffer.from(message.chainId),
    segment: toNumber(message.segment, 'its number'),
    generation: 0,
    firstCommit,
    firstSequence,
    nextCommit: firstCommit,
    nextSequence: firstSequence,
  });
  return { kind: 'index', entries: index.count, endOffset: index.end.offset };
}

function wrongPath(message: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', message, { metadata: { field: 'path' } });
}
