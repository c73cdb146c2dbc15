import { join } from 'node:path';
import { connect } from '../../src/client/index.ts';
import { prepareReplay } from '../load/replayed-chain.ts';
import type { Vouching } from '../load/vouching.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { rateAtLeast } from '../target.ts';

export const replayVerified = replayRow({
  name: 'replay-verified',
  title: 'replay from the start, verified by the SDK, 100 events a batch',
  vouching: 'proven',
});

export const replaySigned = replayRow({
  name: 'replay-signed',
  title: 'the same of a distributed chain, every batch signed',
  vouching: 'signed',
});

function replayRow(options: {
  readonly name: string;
  readonly title: string;
  readonly vouching: Vouching;
}): Row {
  const { name, title, vouching } = options;
  return {
    name,
    title,
    floors: ['the same file streamed bare'],
    unit: 'events',
    peers: 'replay',
    targets: [rateAtLeast(300_000, 'events')],
    async prepare(context) {
      const replayed = await prepareReplay(context, vouching);
      const { server, chainKey } = replayed.chain;
      const client = await connect(server.address, { home: join(context.folder, 'home') });
      const chain = await client.open(chainKey);
      return {
        floors: [replayed.measureFloor],
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
}
