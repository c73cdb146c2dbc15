import { join } from 'node:path';
import { KeyPair } from '../../src/crypto/index.ts';
import { createChain } from '../load/append-session.ts';
import { type BenchChain, newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { storedBytes } from '../load/message-sizes.ts';
import type { MessageStream } from '../load/message-stream.ts';
import { RawClient } from '../load/raw-client.ts';
import { checkAllAnswers, exchangeAll, sealAll } from '../load/stream-group.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { shareOfFloorAtLeast } from '../target.ts';

/** Streams of one connection: the server takes 2,000. */
const streamsPerConnection = 500;
/** Chains that are created at once. */
const createdAtOnce = 32;

export const manyChains: Row = {
  name: 'many-chains',
  title: '1,000 chains with a writer each, 1 event a batch, 1 in flight each, pre-sealed',
  floors: ['parallel syncs of as many files, as many at once as our storage allows'],
  unit: 'batches',
  targets: [shareOfFloorAtLeast(0.5)],
  scaledDown: ({ chains }) => (chains < 1000 ? `${chains} chains` : undefined),
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer({ logsPath: join(folder, 'logs') });
    const key = KeyPair.generate();
    const clients: RawClient[] = [];
    const chains: BenchChain[] = [];
    const streams: MessageStream[] = [];
    while (chains.length < scale.chains) {
      if (chains.length % streamsPerConnection === 0) clients.push(new RawClient(server.address));
      const client = clients.at(-1) as RawClient;
      const room = streamsPerConnection - (chains.length % streamsPerConnection);
      const count = Math.min(createdAtOnce, scale.chains - chains.length, room);
      const created = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const chain = await newChain(server, `chain_${chains.length + index}`, { key });
          return { chain, stream: await createChain(client, chain) };
        }),
      );
      chains.push(...created.map(({ chain }) => chain));
      streams.push(...created.map(({ stream }) => stream));
    }
    const writers = chains.map(({ writer }) => writer);
    let batches = await sealAll(writers, scale.batchesPerChain);
    const [sample] = batches[0] ?? [];
    if (sample === undefined) throw new Error('no batch was sealed');
    const bytes = storedBytes(sample);
    let events = 1;
    return {
      floors: [
        () =>
          processes.run<Measure>('parallel-syncs.ts', [
            join(folder, 'floor'),
            ...[scale.chains, bytes, scale.batchesPerChain].map(String),
          ]),
      ],
      measureOurs: async () => {
        const { answers, measure } = await exchangeAll(streams, batches, 1);
        checkAllAnswers(batches, answers);
        events += scale.batchesPerChain;
        batches = await sealAll(writers, scale.batchesPerChain);
        return measure;
      },
      finish: async () => {
        for (const stream of streams) stream.end();
        for (const { chainKey } of [...chains.slice(0, 8), ...chains.slice(-8)]) {
          await checkEvents(server.address, chainKey, events);
        }
        for (const client of clients) client.close();
      },
    };
  },
};
