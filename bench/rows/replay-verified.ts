import { join } from 'node:path';
import { connect } from '../../src/client/index.ts';
import { fillChain } from '../load/replayed-chain.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';

export const replayVerified: Row = {
  name: 'replay-verified',
  title: 'replay from the start, verified by the SDK, 100 events a batch',
  floor: 'the same file streamed bare',
  unit: 'events',
  async prepare(context) {
    const replayed = await fillChain(context);
    const client = await connect(replayed.server, { home: join(context.folder, 'home') });
    const chain = await client.open(replayed.chainKey);
    return {
      measureFloor: replayed.measureFloor,
      measureOurs: async (): Promise<Measure> => {
        let events = 0;
        const startMs = performance.now();
        for await (const event of chain.read()) {
          if (event.sequence !== events) throw new Error(`${event.sequence} came, not ${events}`);
          events += 1;
        }
        const elapsedMs = performance.now() - startMs;
        if (events !== replayed.events) throw new Error(`${events} came of ${replayed.events}`);
        return { rate: (events / elapsedMs) * 1000 };
      },
      finish: async () => {
        await client.close();
        replayed.close();
      },
    };
  },
};
