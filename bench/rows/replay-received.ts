import { create, toBinary } from '@bufbuild/protobuf';
import { ChainService, SubscribeRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { FieldCursor } from '../../src/bytes/index.ts';
import { splitSlice } from '../../src/event/index.ts';
import { bytesMethod } from '../floors/bytes-method.ts';
import { RawClient } from '../load/raw-client.ts';
import { fillChain } from '../load/replayed-chain.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';

const method = bytesMethod({
  path: `/${ChainService.method.subscribe.parent.typeName}/${ChainService.method.subscribe.name}`,
  requestStream: false,
});
/** Fields of SubscribeResponse. */
const logField = 2;
const caughtUpTag = 0x1a;

export const replayReceived: Row = {
  name: 'replay-received',
  title: 'replay from the start as received, 100 events a batch',
  floor: 'the same file streamed bare',
  unit: 'events',
  async prepare(context) {
    const chain = await fillChain(context);
    const client = new RawClient(chain.server);
    const subscription = create(SubscribeRequestSchema, { chainKey: chain.chainKey });
    const request = Buffer.from(toBinary(SubscribeRequestSchema, subscription));
    /** Of a replay whose events were counted. */
    let bytesDue: number | undefined;
    return {
      measureFloor: chain.measureFloor,
      measureOurs: async (): Promise<Measure> => {
        bytesDue ??= await countedBytes(client, request, chain.events);
        let bytes = 0;
        const startMs = performance.now();
        await client.receive(method, request, (message) => {
          bytes += message.length;
          return message[0] === caughtUpTag;
        });
        const elapsedMs = performance.now() - startMs;
        if (bytes !== bytesDue) throw new Error(`${bytes} bytes came, not ${bytesDue}`);
        return {
          rate: (chain.events / elapsedMs) * 1000,
          bytesPerSecond: (bytes / elapsedMs) * 1000,
        };
      },
      finish: async () => {
        client.close();
        chain.close();
      },
    };
  },
};

/** Replay once, untimed, and see that every event comes. Returns the bytes that a replay has. */
async function countedBytes(client: RawClient, request: Buffer, events: number): Promise<number> {
  let bytes = 0;
  let received = 0;
  await client.receive(method, request, (message) => {
    bytes += message.length;
    const cursor = new FieldCursor(message);
    while (cursor.next()) {
      if (cursor.field !== logField) continue;
      for (const { commit } of splitSlice(cursor.bytesValue())) received += commit.events;
    }
    return message[0] === caughtUpTag;
  });
  if (received !== events) throw new Error(`${received} events came, not ${events}`);
  return bytes;
}
