import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ChainService, SubscribeRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { FieldCursor } from '../../src/bytes/index.ts';
import { type SliceBatch, splitSlice } from '../../src/event/index.ts';

/** What makes calls with one request: the raw client, or a stock one. */
export interface ReceivingClient {
  receive(path: string, request: Buffer, onMessage: (message: Buffer) => boolean): Promise<void>;
}

const { subscribe } = ChainService.method;
export const subscribePath = `/${subscribe.parent.typeName}/${subscribe.name}`;
/** Fields of SubscribeResponse. */
const logField = 2;
const caughtUpTag = 0x1a;

/** A serialised request to subscribe; from the start, unless it says otherwise. */
export function subscribeRequest(init: MessageInitShape<typeof SubscribeRequestSchema>): Buffer {
  return Buffer.from(toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, init)));
}

/** Whether a message says that all of the history has been sent. */
export function isCaughtUp(message: Buffer): boolean {
  return message[0] === caughtUpTag;
}

/** The batches that a message brings. */
export function batchesOf(message: Buffer): SliceBatch[] {
  const batches: SliceBatch[] = [];
  const cursor = new FieldCursor(message);
  while (cursor.next()) {
    if (cursor.field === logField) batches.push(...splitSlice(cursor.bytesValue()));
  }
  return batches;
}

/** Bytes of the log that a message brings: what is around them depends on how the server cuts its slices. */
function logBytesOf(message: Buffer): number {
  const cursor = new FieldCursor(message);
  return cursor.next() && cursor.field === logField ? cursor.bytesValue().length : 0;
}

/** Replay a chain from the start until all has come, and only count the bytes of the log. */
export async function replayBytes(client: ReceivingClient, chainKey: string): Promise<number> {
  let bytes = 0;
  await client.receive(subscribePath, subscribeRequest({ chainKey }), (message) => {
    bytes += logBytesOf(message);
    return isCaughtUp(message);
  });
  return bytes;
}

/** Replay a chain, and fail unless it has exactly so many events. Returns the bytes that a replay has. */
export async function checkedReplayBytes(
  client: ReceivingClient,
  chainKey: string,
  events: number,
): Promise<number> {
  let bytes = 0;
  let received = 0;
  await client.receive(subscribePath, subscribeRequest({ chainKey }), (message) => {
    bytes += logBytesOf(message);
    for (const { commit } of batchesOf(message)) {
      if (commit.firstSequence !== received) throw new Error(`${received} was due`);
      received += commit.events;
    }
    return isCaughtUp(message);
  });
  if (received !== events) throw new Error(`${received} events came, not ${events}`);
  return bytes;
}
