import { RawClient } from '../load/raw-client.ts';
import { prepareReplay } from '../load/replayed-chain.ts';
import { checkedReplayBytes, replayBytes } from '../load/subscribe.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { rateAtLeast, shareOfFloorAtLeast } from '../target.ts';

export const replayReceived: Row = {
  name: 'replay-received',
  title: 'replay from the start as received, 100 events a batch',
  floors: ['the same file streamed bare'],
  unit: 'events',
  targets: [rateAtLeast(3_000_000, 'events'), shareOfFloorAtLeast(0.75)],
  peers: 'replay',
  async prepare(context) {
    const { chain, events, measureFloor, close } = await prepareReplay(context);
    const client = new RawClient(chain.server.address);
    // Once, untimed, every event is counted.
    const bytesDue = await checkedReplayBytes(client, chain.chainKey, events);
    return {
      floors: [measureFloor],
      measureOurs: async (): Promise<Measure> => {
        const startMs = performance.now();
        const bytes = await replayBytes(client, chain.chainKey);
        const elapsedMs = performance.now() - startMs;
        if (bytes !== bytesDue) throw new Error(`${bytes} bytes came, not ${bytesDue}`);
        return throughputOf(events, bytes, elapsedMs);
      },
      finish: async () => {
        client.close();
        close();
      },
    };
  },
};
