import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sliceBytesMax } from '../../src/server/methods/slice-room.ts';
import { type FileStreamRequest, fileStreamMethod } from '../floors/file-stream.ts';
import type { Measure } from '../measure.ts';
import type { RowContext } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { checkAnswers, openAppendStream } from './append-session.ts';
import { checkEvents } from './check-chain.ts';
import { RawClient } from './raw-client.ts';
import { newChain } from './sealed-writer.ts';

const batchesAtOnce = 500;

/** A chain that is full, on a server; and its files, ready to be streamed bare. */
export interface ReplayedChain {
  readonly server: string;
  readonly chainKey: string;
  /** Its events, the genesis included. */
  readonly events: number;
  measureFloor(): Promise<Measure>;
  close(): void;
}

/** Fill a chain and start the floor that streams its files. Both read from the page cache: it was written just now. */
export async function fillChain(context: RowContext): Promise<ReplayedChain> {
  const { scale, folder, processes } = context;
  const logsPath = join(folder, 'logs');
  const server = await processes.startServer(logsPath);
  const chain = await newChain('example.com/bench/replay');
  await append(server, chain, scale.batchesReplayed);
  const events = 1 + scale.batchesReplayed * eventsPerLargeBatch;
  await checkEvents(server, chain.chainKey, events);
  const floor = new RawClient(await processes.startFloorServer());
  const request: FileStreamRequest = {
    paths: await segments(logsPath, chain.chainKey),
    sliceBytes: sliceBytesMax,
  };
  return {
    server,
    chainKey: chain.chainKey,
    events,
    measureFloor: () => measureReceived(floor, request, events),
    close: () => floor.close(),
  };
}

type NewChain = Awaited<ReturnType<typeof newChain>>;

async function append(server: string, chain: NewChain, count: number): Promise<void> {
  const client = new RawClient(server);
  const { chainKey, genesis, writer } = chain;
  const { stream } = await openAppendStream(client, { chainKey, first: genesis });
  for (let done = 0; done < count; done += batchesAtOnce) {
    const batches = await writer.seal(Math.min(batchesAtOnce, count - done), eventsPerLargeBatch);
    const runs = batches.map(({ run }) => run);
    checkAnswers(batches, (await stream.exchange(runs, batchesInFlight)).answers);
  }
  stream.end();
  client.close();
}

async function segments(logsPath: string, chainKey: string): Promise<string[]> {
  const folder = join(logsPath, `${chainKey}.chain`);
  const names = (await readdir(folder)).filter((name) => name.startsWith('segment-'));
  return names.sort().map((name) => join(folder, name));
}

async function measureReceived(
  client: RawClient,
  request: FileStreamRequest,
  events: number,
): Promise<Measure> {
  let bytes = 0;
  const startMs = performance.now();
  const { definition } = fileStreamMethod;
  await client.receive(definition, Buffer.from(JSON.stringify(request)), (message) => {
    bytes += message.length;
    return false;
  });
  const elapsedMs = performance.now() - startMs;
  return { rate: (events / elapsedMs) * 1000, bytesPerSecond: (bytes / elapsedMs) * 1000 };
}
