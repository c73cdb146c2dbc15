import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NatsConnection } from './nats.ts';
import type { Peer, PeerConnection, PeerRequest } from './peer.ts';
import { freePort, startProgram } from './program.ts';

const stream = 'bench';
const subject = 'bench.events';

export const jetStream: Peer = {
  name: 'jet-stream',
  title: 'NATS JetStream',
  program: 'nats-server',
  versionArguments: ['--version'],
  settings: 'one server, file storage, `sync_interval: always`',
  loads: {
    'one-in-flight': 'one client, publish, 1 in flight',
    'many-clients': '64 clients on a connection each, publish, 1 in flight each',
    transactions: 'one client, atomic batches of 100 messages, 64 in flight',
    replay: 'an ordered push consumer from the start, with flow control; messages are counted',
  },
  async start({ program, folder }) {
    const port = await freePort();
    const configuration = join(folder, 'nats.conf');
    await writeFile(
      configuration,
      [
        `listen: 127.0.0.1:${port}`,
        `jetstream { store_dir: "${folder}", sync_interval: always`,
        // Else 50, fewer than we have in flight.
        'limits { batch { max_inflight_per_stream: 200 } } }',
      ].join('\n'),
    );
    const running = await startProgram({
      ...{ program, folder, port },
      arguments: ['-c', configuration],
    });
    const admin = new NatsConnection(port);
    await admin.ask(`$JS.API.STREAM.CREATE.${stream}`, {
      name: stream,
      subjects: [subject],
      storage: 'file',
      retention: 'limits',
      num_replicas: 1,
      allow_atomic: true,
    });
    return {
      connect: async () => new JetStreamConnection(port),
      replay: async () => replay(port, await count(admin)),
      count: () => count(admin),
      stop: async () => {
        admin.close();
        await running.stop();
      },
    };
  },
};

class JetStreamConnection implements PeerConnection {
  readonly #nats: NatsConnection;

  constructor(port: number) {
    this.#nats = new NatsConnection(port);
  }

  /** Several events are an atomic batch, which is answered as one. */
  prepare(events: readonly Buffer[]): PeerRequest {
    const last = events.at(-1) ?? Buffer.alloc(0);
    if (events.length === 1) return { ...this.#nats.publication(subject, last), events: 1 };
    const batch = randomBytes(16).toString('hex');
    const headers = (sequence: number) =>
      `Nats-Batch-Id:${batch}\r\nNats-Batch-Sequence:${sequence}\r\n`;
    const silent = events
      .slice(0, -1)
      .map((data, index) => this.#nats.silentPublication(subject, data, headers(index + 1)));
    const commit = `${headers(events.length)}Nats-Batch-Commit:1\r\n`;
    const { bytes, answer } = this.#nats.publication(subject, last, commit);
    return { bytes: Buffer.concat([...silent, bytes]), answer, events: events.length };
  }

  send({ bytes, answer = 0 }: PeerRequest, done: (error?: Error) => void): void {
    this.#nats.publish(bytes, answer, (error, text) => {
      if (error !== undefined) done(error);
      else if (text.includes('"error"')) done(new Error(text.toString('utf8')));
      else done();
    });
  }

  close(): void {
    this.#nats.close();
  }
}

async function count(nats: NatsConnection): Promise<number> {
  const { state } = await nats.ask(`$JS.API.STREAM.INFO.${stream}`, {});
  return state.messages;
}

async function replay(port: number, events: number): Promise<number> {
  const nats = new NatsConnection(port);
  let received = 0;
  const all = new Promise<void>((resolve, reject) => {
    nats.subscribe('bench.replay', (error) => {
      if (error !== undefined) return reject(error);
      received += 1;
      if (received === events) resolve();
    });
  });
  await nats.ask(`$JS.API.CONSUMER.CREATE.${stream}`, {
    stream_name: stream,
    config: {
      deliver_subject: 'bench.replay',
      deliver_policy: 'all',
      ack_policy: 'none',
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: 5_000_000_000,
    },
  });
  await all;
  nats.close();
  return received;
}
