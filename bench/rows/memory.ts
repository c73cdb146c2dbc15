import { longChain } from '../load/long-chain.ts';
import { RawClient } from '../load/raw-client.ts';
import { residentOf } from '../load/resident.ts';
import {
  checkedReplayBytes,
  replayBytes,
  subscribePath,
  subscribeRequest,
} from '../load/subscribe.ts';
import type { Row } from '../row.ts';
import { longChainBytesWanted } from '../scale.ts';
import { residentAtMost } from '../target.ts';

export const memory: Row = {
  name: 'memory',
  title:
    'a chain of 1 GiB, 100 subscribers on a connection each: 25 take nothing off their sockets, 25 never say that more may be sent, 50 read all of it',
  floors: [],
  unit: 'events',
  figure: 'residentBytes',
  targets: [residentAtMost(250)],
  repetitionsMax: 1,
  scaledDown: ({ longChainBytes }) =>
    longChainBytes < longChainBytesWanted ? `${longChainBytes / 1024 / 1024} MiB` : undefined,
  async prepare(context) {
    const chain = await longChain(context);
    const { logsPath, chainKey, events } = chain;
    const server = await context.processes.startServer({ logsPath });
    const subscribers = (count: number, options = {}) =>
      Array.from({ length: count }, () => new RawClient(server.address, options));
    const each = Math.ceil(context.scale.subscribers / 4);
    return {
      floors: [],
      measureOurs: async () => {
        const paused = subscribers(each);
        const silent = subscribers(each, { acknowledges: false });
        for (const client of [...paused, ...silent]) subscribeOnly(client, chainKey);
        for (const client of paused) client.pauseReading();
        const [first, ...others] = subscribers(2 * each);
        if (first === undefined) throw new Error('there are no subscribers');
        const bytesDue = checkedReplayBytes(first, chainKey, events);
        const received = await Promise.all(others.map((client) => replayBytes(client, chainKey)));
        for (const bytes of received) {
          if (bytes !== (await bytesDue)) throw new Error(`${bytes} bytes came`);
        }
        const measure = await residentOf(server.pid);
        for (const client of [...paused, ...silent, first, ...others]) client.close();
        return measure;
      },
      finish: async () => undefined,
    };
  },
};

function subscribeOnly(client: RawClient, chainKey: string): void {
  // It ends when its client is closed.
  void client
    .receive(subscribePath, subscribeRequest({ chainKey }), () => false)
    .catch(() => undefined);
}
