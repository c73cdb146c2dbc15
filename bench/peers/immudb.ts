import { FieldCursor, FieldWriter } from '../../src/bytes/index.ts';
import { RawClient } from '../load/raw-client.ts';
import { fieldOf } from '../load/response-fields.ts';
import { EventKeys, rangeStart } from './event-keys.ts';
import type { Peer } from './peer.ts';
import { freePort, startProgram } from './program.ts';
import { UnaryConnection } from './unary-connection.ts';

const service = '/immudb.schema.ImmuService';
const setPath = `${service}/Set`;
const scanPath = `${service}/Scan`;
/** What one Scan may get. */
const scanEntries = 1_000;
const user = 'immudb';
const database = 'bench';
/** Else 30, fewer than we have in flight. */
const commitsAtOnceMax = 200;
const syncFrequencyMs = 0;

export const immudb: Peer = {
  name: 'immudb',
  title: 'immudb',
  program: 'immudb',
  versionArguments: ['version'],
  settings:
    "synced (its default), a database with `syncFrequency` 0 and `maxConcurrency` 200; answers don't wait for the index",
  loads: {
    'one-in-flight': 'one client, Set of a new key, 1 in flight',
    'many-clients': '64 clients on a connection each, Set, 1 in flight each',
    transactions: 'one client, Set of 100 keys, 64 in flight',
    replay: `Scan from the first key, ${scanEntries} entries a call; entries are counted`,
  },
  async start({ program, folder }) {
    const port = await freePort();
    const server = `127.0.0.1:${port}`;
    const running = await startProgram({
      program,
      folder,
      port,
      arguments: [
        ...['--dir', folder, '--address', '127.0.0.1', '--port', String(port), '--synced=true'],
        ...['--pgsql-server=false', '--web-server=false', '--metrics-server=false'],
        ...['--max-sessions', '1000'],
      ],
    });
    const keys = new EventKeys();
    await createDatabase(server);
    const metadata = await openSession(server, database);
    return {
      connect: async () =>
        new UnaryConnection({
          server,
          metadata,
          encode: (events) => encode(keys, events),
          pathFor: () => setPath,
        }),
      replay: () => scanAll(server, metadata),
      count: () => scanAll(server, metadata),
      stop: running.stop,
    };
  },
};

type Metadata = readonly (readonly [string, string])[];

/** A database that syncs as soon as something waits: by itself it would wait for 5 ms before each sync. */
async function createDatabase(server: string): Promise<void> {
  const metadata = await openSession(server, 'defaultdb');
  const client = new RawClient(server);
  const nullable = (value: number) => new FieldWriter().varint(1, value).finish();
  const settings = new FieldWriter()
    .message(13, nullable(commitsAtOnceMax))
    .message(23, nullable(syncFrequencyMs))
    .finish();
  const request = new FieldWriter().string(1, database).message(2, settings).finish();
  await client.call(`${service}/CreateDatabaseV2`, request, metadata);
  client.close();
}

async function openSession(server: string, name: string): Promise<Metadata> {
  const client = new RawClient(server);
  const request = new FieldWriter().string(1, user).string(2, user).string(3, name).finish();
  const answer = await client.call(`${service}/OpenSession`, request);
  client.close();
  return [['sessionid', fieldOf(answer, 1).toString('latin1')]];
}

function encode(keys: EventKeys, events: readonly Buffer[]): Buffer {
  const request = new FieldWriter(330 * events.length);
  for (const data of events) {
    request.message(1, new FieldWriter(320).bytes(1, keys.next()).bytes(2, data).finish());
  }
  return request.varint(2, 1).finish();
}

async function scanAll(server: string, metadata: Metadata): Promise<number> {
  const client = new RawClient(server);
  let events = 0;
  for (let from: Buffer | undefined; ; ) {
    const request = new FieldWriter()
      .bytes(1, from)
      .bytes(2, rangeStart)
      .varint(4, scanEntries)
      .finish();
    const cursor = new FieldCursor(await client.call(scanPath, request, metadata));
    let entries = 0;
    let last: Buffer | undefined;
    while (cursor.next()) {
      if (cursor.field !== 1) continue;
      entries += 1;
      if (entries === scanEntries) last = fieldOf(cursor.bytesValue(), 2);
    }
    events += entries;
    if (last === undefined) break;
    from = last;
  }
  client.close();
  return events;
}
