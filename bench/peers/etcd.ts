import { FieldCursor, FieldWriter } from '../../src/bytes/index.ts';
import { RawClient } from '../load/raw-client.ts';
import { fieldOf } from '../load/response-fields.ts';
import { EventKeys, keyAfter, rangeEnd, rangeStart } from './event-keys.ts';
import type { Peer } from './peer.ts';
import { freePort, startProgram } from './program.ts';
import { UnaryConnection } from './unary-connection.ts';

const putPath = '/etcdserverpb.KV/Put';
const transactionPath = '/etcdserverpb.KV/Txn';
const rangePath = '/etcdserverpb.KV/Range';
const rangeKeys = 2_000;
const quotaBytes = 8 * 1024 ** 3;

export const etcd: Peer = {
  name: 'etcd',
  title: 'etcd',
  program: 'etcd',
  versionArguments: ['--version'],
  settings: 'one member, every write synced (its default)',
  loads: {
    'one-in-flight': 'one client, Put of a new key, 1 in flight',
    'many-clients': '64 clients on a connection each, Put, 1 in flight each',
    transactions: 'one client, Txn of 100 Puts, 64 in flight',
    replay: `Range from the first key, ${rangeKeys} keys a call; keys are counted`,
  },
  async start({ program, folder }) {
    const [port, peerPort] = [await freePort(), await freePort()];
    const server = `127.0.0.1:${port}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    const running = await startProgram({
      program,
      folder,
      port,
      arguments: [
        ...['--name', 'bench', '--data-dir', folder, '--logger', 'zap', '--log-level', 'warn'],
        ...[
          '--listen-client-urls',
          `http://${server}`,
          '--advertise-client-urls',
          `http://${server}`,
        ],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `bench=${peerUrl}`],
        ...['--quota-backend-bytes', String(quotaBytes)],
      ],
    });
    const keys = new EventKeys();
    await untilReady(server);
    return {
      connect: async () =>
        new UnaryConnection({
          server,
          encode: (events) => encode(keys, events),
          pathFor: (events) => (events === 1 ? putPath : transactionPath),
        }),
      replay: () => replay(server),
      count: () => count(server),
      stop: running.stop,
    };
  },
};

/** A PutRequest, or a TxnRequest that puts all of them. */
function encode(keys: EventKeys, events: readonly Buffer[]): Buffer {
  const puts = events.map((data) =>
    new FieldWriter(320).bytes(1, keys.next()).bytes(2, data).finish(),
  );
  if (puts.length === 1) return puts[0] as Buffer;
  const transaction = new FieldWriter(330 * puts.length);
  for (const put of puts) {
    transaction.message(2, new FieldWriter(330).message(2, put).finish());
  }
  return transaction.finish();
}

/** It listens before it has a leader, and answers when it has one. */
async function untilReady(server: string): Promise<void> {
  await count(server);
}

async function replay(server: string): Promise<number> {
  const client = new RawClient(server);
  let events = 0;
  for (let from: Buffer = rangeStart; ; ) {
    const request = new FieldWriter()
      .bytes(1, from)
      .bytes(2, rangeEnd)
      .varint(3, rangeKeys)
      .finish();
    const cursor = new FieldCursor(await client.call(rangePath, request));
    let keys = 0;
    let last: Buffer | undefined;
    while (cursor.next()) {
      if (cursor.field !== 2) continue;
      keys += 1;
      if (keys === rangeKeys) last = fieldOf(cursor.bytesValue(), 1);
    }
    events += keys;
    if (last === undefined) break;
    from = keyAfter(last);
  }
  client.close();
  return events;
}

async function count(server: string): Promise<number> {
  const client = new RawClient(server);
  const request = new FieldWriter().bytes(1, rangeStart).bytes(2, rangeEnd).varint(9, 1).finish();
  const cursor = new FieldCursor(await client.call(rangePath, request));
  let keys = 0;
  while (cursor.next()) if (cursor.field === 4) keys = cursor.value;
  client.close();
  return keys;
}
