import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RealStorage } from '../../src/log/index.ts';
import { verifyFolder } from '../../src/verify/index.ts';
import { fillNewChain } from '../load/replayed-chain.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';

export const verifyFolderRow: Row = {
  name: 'verify-folder',
  title: 'a folder verified as atedb verify does, 100 events a batch, without a server',
  floors: ['the same files read, and hashed with SHA-256'],
  unit: 'events',
  async prepare({ scale, folder, processes }) {
    const logsPath = join(folder, 'logs');
    const server = await processes.startServer({ logsPath });
    const { chain, events } = await fillNewChain(server, scale.batchesReplayed);
    await server.kill();
    const chainFolder = join(logsPath, `${chain.chainKey}.chain`);
    return {
      floors: [() => measureHashed(chainFolder, events)],
      measureOurs: () => measureVerified(chainFolder, events),
      finish: async () => undefined,
    };
  },
};

async function measureVerified(folder: string, events: number): Promise<Measure> {
  const startMs = performance.now();
  const found = await verifyFolder({
    storage: new RealStorage(),
    folder,
    chainId: undefined,
    trustMode: undefined,
    allSignatures: false,
    headsOf: async () => [],
  });
  const elapsedMs = performance.now() - startMs;
  const { violations, history } = found;
  if (violations.list.length > 0) throw new Error(violations.list[0]?.what);
  if (history?.nextSequence !== events) {
    throw new Error(`${history?.nextSequence} events were verified of ${events}`);
  }
  return { rate: (events / elapsedMs) * 1000 };
}

async function measureHashed(folder: string, events: number): Promise<Measure> {
  const startMs = performance.now();
  for (const name of await readdir(folder)) {
    if (!name.startsWith('segment-')) continue;
    const hash = createHash('sha256');
    const stream = createReadStream(join(folder, name), { highWaterMark: 1024 * 1024 });
    for await (const chunk of stream) hash.update(chunk as Buffer);
    hash.digest();
  }
  return { rate: (events / (performance.now() - startMs)) * 1000 };
}
