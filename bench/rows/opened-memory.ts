import { checkAnswers, openAppendStream } from '../load/append-session.ts';
import { checkEvents } from '../load/check-chain.ts';
import { manyEvents } from '../load/many-events.ts';
import { RawClient } from '../load/raw-client.ts';
import { residentOf } from '../load/resident.ts';
import { SealedWriter } from '../load/sealed-writer.ts';
import { vouchingDefault } from '../load/vouching.ts';
import type { Row } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch, manyEventsWanted } from '../scale.ts';
import { residentAtMost } from '../target.ts';

export const openedMemory: Row = {
  name: 'opened-memory',
  title:
    'a server with a chain of 10 million small events open, after large batches were appended to it, 64 in flight',
  floors: [],
  unit: 'events',
  figure: 'residentBytes',
  targets: [residentAtMost(200)],
  repetitionsMax: 1,
  scaledDown: ({ manyEvents: events }) =>
    events < manyEventsWanted ? `${events.toLocaleString('en-GB')} events` : undefined,
  async prepare(context) {
    const { scale, processes } = context;
    const chain = await manyEvents(context, scale.manyEvents);
    const server = await processes.startServer({ logsPath: chain.logsPath });
    return {
      floors: [],
      measureOurs: async () => {
        const client = new RawClient(server.address);
        const writer = new SealedWriter({ ...chain, vouching: vouchingDefault });
        const stream = await openAppendStream(client, { ...chain, server }, writer);
        const sealed = await writer.seal(scale.batchesPipelined, eventsPerLargeBatch);
        const messages = stream.prepare(sealed.map(({ run }) => run));
        checkAnswers(sealed, (await stream.exchange(messages, batchesInFlight)).answers);
        const measure = await residentOf(server.pid);
        stream.end();
        client.close();
        const appended = 1 + scale.batchesPipelined * eventsPerLargeBatch;
        await checkEvents(server.address, chain.chainKey, chain.events + appended);
        return measure;
      },
      finish: async () => undefined,
    };
  },
};
