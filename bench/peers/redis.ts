import { LineSocket } from './line-socket.ts';
import type { Peer, PeerConnection, PeerRequest } from './peer.ts';
import { freePort, startProgram } from './program.ts';
import { command, RespReader } from './resp.ts';

const stream = 'bench';
/** Entries that one XRANGE gets. */
const rangeEntries = 1_000;

export const redis: Peer = {
  name: 'redis',
  title: 'Redis Streams',
  program: 'redis-server',
  versionArguments: ['--version'],
  settings: '`appendonly yes`, `appendfsync always`, no snapshots, no rewriting',
  loads: {
    'one-in-flight': 'one client, XADD, 1 in flight',
    'many-clients': '64 clients on a connection each, XADD, 1 in flight each',
    transactions: 'one client, MULTI of 100 XADD, 64 in flight',
    replay: `XRANGE from the start, ${rangeEntries} entries a call; entries are counted`,
  },
  async start({ program, folder }) {
    const port = await freePort();
    const running = await startProgram({
      program,
      folder,
      port,
      arguments: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
        ...['--appendonly', 'yes', '--appendfsync', 'always'],
        ...['--auto-aof-rewrite-percentage', '0'],
      ],
    });
    return {
      connect: async () => new RedisConnection(port),
      replay: () => replay(port),
      count: () => count(port),
      stop: running.stop,
    };
  },
};

class RedisConnection implements PeerConnection {
  readonly #socket: LineSocket;
  /** What waits for replies, in order, and how many replies each still waits for. */
  readonly #waiting: { repliesDue: number; readonly done: (error?: Error) => void }[] = [];

  constructor(port: number) {
    const reader = new RespReader({ onReply: (error) => this.#onReply(error) });
    this.#socket = new LineSocket(
      port,
      (bytes) => reader.take(bytes),
      (error) => {
        for (const { done } of this.#waiting.splice(0)) done(error);
      },
    );
  }

  prepare(events: readonly Buffer[]): PeerRequest {
    const adds = events.map((data) => command('XADD', stream, '*', 'd', data));
    const commands = adds.length === 1 ? adds : [command('MULTI'), ...adds, command('EXEC')];
    return { bytes: Buffer.concat(commands), events: events.length };
  }

  send({ bytes, events }: PeerRequest, done: (error?: Error) => void): void {
    // MULTI, EXEC and each command between them have a reply.
    this.#waiting.push({ repliesDue: events === 1 ? 1 : events + 2, done });
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.close();
  }

  #onReply(error: string | undefined): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    if (error !== undefined) first.done(new Error(`Redis says: ${error}`));
    first.repliesDue -= 1;
    if (first.repliesDue > 0) return;
    this.#waiting.shift();
    first.done();
  }
}

/** Ask for something, and look at the strings of the reply. */
function ask(port: number) {
  let onString: (depth: number, bytes: Buffer) => void = () => undefined;
  let settle: (error?: string) => void = () => undefined;
  const reader = new RespReader({
    onString: (depth, bytes) => onString(depth, bytes),
    onReply: (error) => settle(error),
  });
  const socket = new LineSocket(
    port,
    (bytes) => reader.take(bytes),
    (error) => settle(error.message),
  );
  return {
    ask: (request: Buffer, each: typeof onString) =>
      new Promise<void>((resolve, reject) => {
        onString = each;
        settle = (error) => (error === undefined ? resolve() : reject(new Error(error)));
        socket.write(request);
      }),
    close: () => socket.close(),
  };
}

async function replay(port: number): Promise<number> {
  const asking = ask(port);
  let events = 0;
  let from = '-';
  for (;;) {
    let entries = 0;
    let last = from;
    const request = command('XRANGE', stream, from, '+', 'COUNT', String(rangeEntries));
    await asking.ask(request, (depth, bytes) => {
      // An entry is an array of its id and an array of names and values.
      if (depth !== 2) return;
      entries += 1;
      if (entries === rangeEntries) last = `(${bytes.toString('latin1')}`;
    });
    events += entries;
    if (entries < rangeEntries) break;
    from = last;
  }
  asking.close();
  return events;
}

async function count(port: number): Promise<number> {
  const asking = ask(port);
  let events = Number.NaN;
  // As a string: a number isn't handed on.
  const request = command('EVAL', `return tostring(redis.call('XLEN', '${stream}'))`, '0');
  await asking.ask(request, (_, bytes) => {
    events = Number(bytes.toString('latin1'));
  });
  asking.close();
  return events;
}
