import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sliceBytesMax } from '../../src/server/slice-memory.ts';
import { type FileStreamRequest, fileStreamMethod } from '../floors/file-stream.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { RowContext } from '../row.ts';
import { eventsPerLargeBatch } from '../scale.ts';
import { type BenchChain, newChain } from './bench-chain.ts';
import { checkEvents } from './check-chain.ts';
import { fillChain } from './fill-chain.ts';
import { RawClient } from './raw-client.ts';
import { type Vouching, vouchingDefault } from './vouching.ts';

/** A chain that is full, on a server; and its files, ready to be streamed bare. */
export interface ReplayedChain {
  readonly chain: BenchChain;
  /** Its events, the genesis included. */
  readonly events: number;
  measureFloor(): Promise<Measure>;
  close(): void;
}

/** Fill a chain and start the floor that streams its files. Both read from the page cache: it was written just now. */
export async function prepareReplay(
  context: RowContext,
  vouching: Vouching = vouchingDefault,
): Promise<ReplayedChain> {
  const { scale, folder, processes } = context;
  const logsPath = join(folder, 'logs');
  const [server, floorServer] = await Promise.all([
    processes.startServer({ logsPath, vouching }),
    processes.startFloorServer(),
  ]);
  const { chain, events } = await fillNewChain(server, scale.batchesReplayed);
  const floor = new RawClient(floorServer);
  const request: FileStreamRequest = {
    paths: await segments(logsPath, chain.chainKey),
    sliceBytes: sliceBytesMax,
  };
  return {
    chain,
    events,
    measureFloor: () => measureReceived(floor, request, events),
    close: () => floor.close(),
  };
}

/** Make a chain of so many large batches. */
export async function fillNewChain(server: ServerProcess, batches: number) {
  const chain = await newChain(server, 'replay');
  await fillChain(chain, batches);
  const events = 1 + batches * eventsPerLargeBatch;
  await checkEvents(server.address, chain.chainKey, events);
  return { chain, events };
}

async function segments(logsPath: string, chainKey: string): Promise<string[]> {
  const folder = join(logsPath, `${chainKey}.chain`);
  const names = (await readdir(folder)).filter((name) => /^segment-\d+\.log$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

async function measureReceived(
  client: RawClient,
  request: FileStreamRequest,
  events: number,
): Promise<Measure> {
  let bytes = 0;
  const startMs = performance.now();
  const { path } = fileStreamMethod.definition;
  await client.receive(path, Buffer.from(JSON.stringify(request)), (message) => {
    bytes += message.length;
    return false;
  });
  return throughputOf(events, bytes, performance.now() - startMs);
}
