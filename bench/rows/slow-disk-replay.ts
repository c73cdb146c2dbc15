import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BenchChain, newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { PacedAppends } from '../load/paced-appends.ts';
import { RawClient } from '../load/raw-client.ts';
import { fillNewChain } from '../load/replayed-chain.ts';
import { checkedReplayBytes, replayBytes } from '../load/subscribe.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { shareOfFloorAtLeast } from '../target.ts';
import { syncDelayMs } from './slow-disk.ts';

/** Appended beside the replay: enough to have all syncs that may run at once under way, and little work otherwise. */
const appendsPerSecond = 2_000;

export const slowDiskReplay: Row = {
  name: 'slow-disk-replay',
  title: `a replay beside ${appendsPerSecond} appends a second to 64 other chains, whose syncs take 1 ms longer`,
  floors: ['the same beside the same appends, without the delay'],
  unit: 'events',
  targets: [shareOfFloorAtLeast(0.9, 'the same without the delay')],
  async prepare({ scale, folder, processes }) {
    await mkdir(join(folder, 'sleepers'));
    const server = await processes.startServer({
      logsPath: join(folder, 'logs'),
      slowDiskFolder: join(folder, 'sleepers'),
    });
    const { chain, events } = await fillNewChain(server, scale.batchesReplayed);
    const client = new RawClient(server.address);
    const bytesDue = await checkedReplayBytes(client, chain.chainKey, events);
    const chains: BenchChain[] = [];
    for (let index = 0; index < scale.streams; index += 1) {
      chains.push(await newChain(server, `slow_${index}`, { key: chain.key }));
    }
    const appends = await PacedAppends.start(server.address, chains);
    const measure = async (delayMs: number): Promise<Measure> => {
      await server.delaySyncs(delayMs);
      await appends.prepare();
      const stop = appends.run(appendsPerSecond);
      const startMs = performance.now();
      const bytes = await replayBytes(client, chain.chainKey);
      const elapsedMs = performance.now() - startMs;
      await stop();
      if (bytes !== bytesDue) throw new Error(`${bytes} bytes came, not ${bytesDue}`);
      return throughputOf(events, bytes, elapsedMs);
    };
    return {
      floors: [() => measure(0)],
      measureOurs: () => measure(syncDelayMs),
      finish: async () => {
        appends.close();
        client.close();
        for (const [index, { chainKey }] of chains.entries()) {
          await checkEvents(server.address, chainKey, 1 + appends.appendedTo(index));
        }
      },
    };
  },
};
