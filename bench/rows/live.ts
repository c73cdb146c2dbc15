import { join } from 'node:path';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { newChain } from '../load/bench-chain.ts';
import { checkEvents } from '../load/check-chain.ts';
import { LiveSubscriber } from '../load/live-subscriber.ts';
import { RawClient } from '../load/raw-client.ts';
import { measureOf } from '../measure.ts';
import type { Row } from '../row.ts';

/** Paced, so that the delay is that of the delivery and not of a queue. */
const batchesPerSecond = 200;

export const live: Row = {
  name: 'live',
  title: `100 subscribers on a connection each, ${batchesPerSecond} batches of 1 event a second: the delay from sending a batch to having it`,
  floors: [],
  unit: 'deliveries',
  async prepare({ scale, folder, processes }) {
    const server = await processes.startServer({ logsPath: join(folder, 'logs') });
    const client = new RawClient(server.address);
    const chain = await newChain(server, 'live');
    const stream = await createChain(client, chain);
    let events = 1;
    const subscribers = await Promise.all(
      Array.from({ length: scale.subscribers }, () => LiveSubscriber.start(chain, events)),
    );
    return {
      floors: [],
      measureOurs: async () => {
        const batches = await chain.writer.seal(scale.batchesLive, 1);
        const messages = stream.prepare(batches.map(({ run }) => run));
        const sentMs: number[] = [];
        const received = subscribers.map((subscriber) => subscriber.expect(events, batches.length));
        const startMs = performance.now();
        const answers: Buffer[] = [];
        for (const [index, message] of messages.entries()) {
          const dueMs = startMs + (index / batchesPerSecond) * 1000;
          const pauseMs = dueMs - performance.now();
          if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
          sentMs.push(performance.now());
          answers.push(...(await stream.exchange([message], 1)).answers);
        }
        const receivedMs = await Promise.all(received);
        const elapsedMs = performance.now() - startMs;
        checkAnswers(batches, answers);
        events += batches.length;
        const delaysMs = receivedMs.flatMap((times) =>
          times.map((timeMs, index) => timeMs - (sentMs[index] ?? Number.NaN)),
        );
        return measureOf(delaysMs.length, elapsedMs, delaysMs);
      },
      finish: async () => {
        for (const subscriber of subscribers) subscriber.close();
        stream.end();
        await checkEvents(server.address, chain.chainKey, events);
        client.close();
      },
    };
  },
};
