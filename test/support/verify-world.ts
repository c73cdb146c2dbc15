import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AuthoritySnapshotSchema,
  type StateSnapshot,
  StateSnapshotSchema,
} from '../../gen/atedb/v1/log_pb.js';
import { ChainRegistry } from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { parseBatch, parseChainKey, type TreeHead } from '../../src/event/index.ts';
import { ChainLog, type Storage } from '../../src/log/index.ts';
import { encodeIndex } from '../../src/log/index-file.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { encodeSnapshot } from '../../src/log/snapshot-file.ts';
import { SparseIndex } from '../../src/log/sparse-index.ts';
import { type FolderFindings, type FolderToVerify, verifyFolder } from '../../src/verify/index.ts';
import { emptyDisk } from './log-fixture.ts';
import { TestWriter, testEvent, testGenesis } from './test-writer.ts';

const logsPath = '/logs';
const chainKey = 'team/verified';
/** Of the chains in memory. */
export const folder: string = `${logsPath}/${chainKey}.chain`;

const root = KeyPair.generate();
const server = KeyPair.generate();

/** A chain's folder to tamper with: as a crash leaves it, and as it is after it was closed. */
export interface VerifiableChain {
  readonly open: MemoryStorage;
  readonly closed: MemoryStorage;
  readonly chainId: Buffer;
  readonly head: TreeHead;
  readonly events: number;
}

/** A centralized chain as a server keeps it: of two writers, one of which signs. */
export async function verifiableChain(segmentBytesMax?: number): Promise<VerifiableChain> {
  const { writer, batch } = await testGenesis({ chainKey, roots: [root], server });
  const storage = await emptyDisk(logsPath);
  let now = 1_700_000_000_000;
  const registry = new ChainRegistry({
    storage,
    logsPath,
    serverIdentity: server.publicKey,
    trustMode: 'centralized',
    openChainsMax: 10,
    segmentBytesMax,
    now: () => ++now,
    logger: { warn: () => undefined },
  });
  const lease = await registry.openOrCreate(parseChainKey(chainKey), batch.run);
  if (lease === undefined) throw new Error('the registry has no room');
  const { chain } = lease;
  const other = new TestWriter(writer.chainId, root, randomBytes(16));
  for (let number = 0; number < 7; number += 1) {
    const events = [testEvent(`a ${number}`), testEvent(randomBytes(number * 9))];
    const by = number % 3 === 2 ? writer : other;
    const made = await by.make(
      events,
      { asOf: chain.log.durable.head },
      by === writer ? [root] : [],
    );
    by.counter += 1;
    by.previous = made.sealHash;
    await chain.submit(await chain.prepare(made.run, () => true)).durable;
  }
  const { head, nextSequence } = chain.log.durable;
  // The keys of closed segments are written beside everything else.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const open = storage.clone();
  lease[Symbol.dispose]();
  await registry.close();
  const { chainId } = writer;
  return { open, closed: storage.clone(), chainId, head, events: nextSequence };
}

/** A folder with these batches in it, whatever they are: as a server that checks nothing would make it. */
export async function forgedChain(
  runs: readonly Buffer[],
  options: { readonly times?: readonly number[]; readonly segmentBytesMax?: number } = {},
): Promise<MemoryStorage> {
  const storage = await emptyDisk(logsPath);
  const chainId = parseBatch(runs[0] as Buffer).seal.chainId;
  const log = await ChainLog.create({
    storage,
    logsPath,
    folder,
    chainId,
    segmentBytesMax: options.segmentBytesMax,
    takeSnapshot: () => ({ snapshot: create(StateSnapshotSchema) }),
    onNotice: () => undefined,
  });
  for (const [at, run] of runs.entries()) {
    const { seal } = parseBatch(run);
    const timeUnixMs = options.times?.[at] ?? 1_700_000_000_000 + at;
    await log.append(run, { events: seal.events, sealHash: seal.hash, timeUnixMs }).durable;
  }
  await log.close();
  return storage;
}

/** Verify the folder in memory. */
export function verify(
  storage: Storage,
  options: Partial<FolderToVerify> & { readonly heads?: readonly TreeHead[] } = {},
): Promise<FolderFindings> {
  return verifyFolder({
    storage,
    folder,
    chainId: undefined,
    trustMode: undefined,
    allSignatures: false,
    headsOf: async () => options.heads ?? [],
    ...options,
  });
}

/** All files of the folder, by their paths within it. */
export async function filesIn(storage: MemoryStorage): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const folders = [''];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const { name, isFolder } of await storage.list(join(folder, at))) {
      const path = join(at, name);
      if (isFolder) folders.push(path);
      else files.set(path, storage.peek(join(folder, path)) as Buffer);
    }
  }
  return files;
}

/** The file of a snapshot, with the CRC that it needs. */
export async function snapshotFile(snapshot: StateSnapshot): Promise<Buffer> {
  const { authority } = snapshot;
  const held = authority && Buffer.from(toBinary(AuthoritySnapshotSchema, authority));
  const state = { snapshot, ...(held && { authority: Promise.resolve([held]) }) };
  const pieces = await encodeSnapshot(state, {
    chainId: Buffer.from(snapshot.chainId),
    nextCommit: Number(snapshot.nextCommit),
    nextSequence: Number(snapshot.nextSequence),
    timeUnixMs: Number(snapshot.timeUnixMs),
  });
  return Buffer.concat(pieces);
}

/** An index of a chain's first segment that is whole, and has a place that no batch has. */
export function wrongIndexFile(chainId: Buffer): Buffer {
  const index = new SparseIndex({ offset: 3_000, commit: 0, sequence: 0 });
  index.add({ events: 1, timeUnixMs: 1, endOffset: 4_000 });
  return encodeIndex(index, { chainId, segment: 0 });
}
