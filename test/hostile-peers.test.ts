import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import pino from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DescribeChainRequestSchema, SubscribeRequestSchema } from '../gen/atedb/v1/chain_pb.js';
import type { ServerLimits } from '../src/server/limits.ts';
import { eventually } from './support/eventually.ts';
import { endingOf, framed, HostileClient, resetCodeOf } from './support/hostile-client.ts';
import { appendRequest, type RawClient, reasonOf } from './support/raw-client.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

const chainKey = 'team/hostile';

/** A server with these limits, and what it logs. */
async function start(limits: Partial<ServerLimits>) {
  const lines: { msg: string }[] = [];
  const logger = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
  const server = await TestServer.start({ limits, logger });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const client = server.client();
  onTestFinished(() => client[Symbol.dispose]());
  return { server, client, said: (text: string) => lines.some(({ msg }) => msg.includes(text)) };
}

/** A chain with so many batches of so many bytes after its genesis. */
async function makeChain(client: RawClient, batches = 0, bytes = 0): Promise<TestWriter> {
  const { writer, batch } = await testGenesis({ chainKey, trustMode: 'distributed' });
  await client.appendBatch(batch.run, chainKey);
  for (let count = 0; count < batches; count += 1) {
    const { run } = await writer.batch([testEvent(Buffer.alloc(bytes, count))]);
    await client.appendBatch(run, chainKey);
  }
  return writer;
}

/** The server still does what it is there for. */
async function expectServing(server: TestServer): Promise<void> {
  using client = server.client();
  expect((await client.listChains()).chains).toBeInstanceOf(Array);
}

const subscribeMessage = framed(
  toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { chainKey })),
);
const describeMessage = framed(
  toBinary(DescribeChainRequestSchema, create(DescribeChainRequestSchema, { chainKey })),
);

describe('a request that comes slowly', () => {
  test('byte by byte, is refused in time, and its stream closed', async () => {
    const { server } = await start({ requestMs: 200 });
    const stream = new HostileClient(server.address).begin('DescribeChain');
    let at = 0;
    const timer = setInterval(() => {
      if (at < describeMessage.length - 1 && !stream.closed)
        stream.write(describeMessage.subarray(at, ++at));
    }, 20);
    onTestFinished(() => clearInterval(timer));
    expect(await endingOf(stream)).toBe('REQUEST_TOO_SLOW');
    // The client never ends its side.
    expect(await resetCodeOf(stream)).toBe(constants.NGHTTP2_NO_ERROR);
    await expectServing(server);
  });

  const methods = [
    'DescribeChain',
    'AppendBatch',
    'Subscribe',
    'ReadEvents',
    'Append',
    'Lock',
    'DeleteChain',
  ];
  test.each(methods)('is refused where nothing of it comes: %s', async (method) => {
    const { server } = await start({ requestMs: 100 });
    const stream = new HostileClient(server.address).begin(method);
    expect(await endingOf(stream)).toBe('REQUEST_TOO_SLOW');
  });

  test('is refused where its end is missing', async () => {
    const { server } = await start({ requestMs: 100 });
    const stream = new HostileClient(server.address).begin('DescribeChain');
    stream.write(describeMessage);
    expect(await endingOf(stream)).toBe('REQUEST_TOO_SLOW');
  });

  test('as a message of a stream that was begun; between messages a writer may wait', async () => {
    const { server, client } = await start({ requestMs: 100 });
    const writer = await makeChain(client);
    const stream = new HostileClient(server.address).begin('Append');
    const ending = endingOf(stream);
    const answered = once(stream, 'data');
    stream.write(framed(appendRequest((await writer.batch([testEvent('one')])).run, chainKey)));
    await answered;
    // Longer than a request may take.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const again = once(stream, 'data');
    stream.write(framed(appendRequest((await writer.batch([testEvent('two')])).run, chainKey)));
    await again;
    const third = framed(appendRequest((await writer.batch([testEvent('three')])).run, chainKey));
    stream.write(third.subarray(0, -1));
    expect(await ending).toBe('REQUEST_TOO_SLOW');
    expect((await client.describeChain(chainKey)).nextSequence).toBe(3n);
  });
});

describe('a connection', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

  test.each([
    ['nothing', ''],
    ['half of what a client says first', preface.slice(0, 10)],
    ['that, and no settings', preface],
    ['something else', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('that says %s is closed in time', async (_what, text) => {
    const { server } = await start({ handshakeMs: 100 });
    const socket = connect(server.running.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text, 'latin1');
    socket.resume();
    await once(socket, 'close');
    // On a busy machine an honest handshake may take too long, too.
    await eventually(() => expectServing(server));
  });

  test('without a call is closed after a while, and one with a call is not', async () => {
    const { server, client } = await start({ connectionIdleMs: 200 });
    await makeChain(client);
    const busy = new HostileClient(server.address);
    busy.begin('Subscribe').end(subscribeMessage);
    const idle = new HostileClient(server.address);
    await once(idle.session, 'close');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(busy.session.closed).toBe(false);
  });

  test('whose peer has vanished is noticed, and what it held is freed', async () => {
    const { server, client } = await start({
      streamsMax: 1,
      keepaliveMs: 100,
      // Of those who haven't vanished a busy machine hears later.
      keepaliveTimeoutMs: 1_000,
    });
    await makeChain(client);
    await using proxy = await TcpProxy.start(() => server.address);
    const vanishing = new HostileClient(proxy.address).begin('Subscribe');
    vanishing.end(subscribeMessage);
    await once(vanishing, 'data');
    const another = async () => {
      const stream = client.subscribe({ chainKey });
      try {
        await stream[Symbol.asyncIterator]().next();
        return 'open';
      } catch (error) {
        return reasonOf(error);
      } finally {
        stream.cancel();
      }
    };
    expect(await another()).toBe('TOO_MANY_STREAMS');
    proxy.silence();
    await expect.poll(another).toBe('open');
  });
});

describe('readers that take nothing', () => {
  const memory = 1024 * 1024;

  test('hold what the budget allows, and are cut off while others wait, who get everything', async () => {
    const { server, client, said } = await start({ readBytesMax: memory, readerStallMs: 400 });
    await makeChain(client, 40, 50_000);
    // What is in memory at the tail is shared by all; this is about what each reads from files.
    await server.restart();
    const hostile = new HostileClient(server.address);
    const streams = Array.from({ length: 40 }, () => {
      // Of each the server can send what HTTP/2 lets it send ahead, 64 KiB, and then nothing.
      const stream = hostile.begin('Subscribe');
      stream.pause();
      stream.end(subscribeMessage);
      return stream;
    });
    await Promise.all(streams.map((stream) => once(stream, 'response')));
    const good = await testClient(server.address);
    onTestFinished(() => good.close());
    const chain = await good.open(chainKey);
    let events = 0;
    for await (const _event of chain.subscribe()) {
      events += 1;
      if (events === 41) break;
    }
    expect(said('cut readers off')).toBe(true);
    const closed = streams.filter((stream) => stream.closed || stream.destroyed);
    expect(closed.length).toBeGreaterThan(0);
    for (const stream of closed) {
      expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
    await expectServing(server);
  });

  test('are left alone while nobody needs what they hold', async () => {
    const { server, client, said } = await start({ readerStallMs: 100 });
    await makeChain(client, 10, 50_000);
    const stream = new HostileClient(server.address).begin('Subscribe');
    stream.pause();
    stream.end(subscribeMessage);
    await once(stream, 'response');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(said('cut readers off')).toBe(false);
    expect(stream.closed).toBe(false);
  });

  test('go on where they were, with our client, after they were cut off', async () => {
    const { server, client, said } = await start({ readBytesMax: 1_500_000, readerStallMs: 300 });
    const batches = 16;
    await makeChain(client, batches, 1_000_000);
    const slow = await testClient(server.address);
    const good = await testClient(server.address);
    onTestFinished(() => Promise.all([slow.close(), good.close()]).then(() => undefined));
    const signals: string[] = [];
    const chain = await slow.open(chainKey);
    const events = chain
      .subscribe({
        onSignal: (signal) => {
          if (signal.kind === 'reconnecting') signals.push(signal.cause.reason);
        },
      })
      [Symbol.asyncIterator]();
    const sequences = [(await events.next()).value?.sequence];
    const other = await good.open(chainKey);
    let read = 0;
    // It reads again and again, until the one that takes nothing was cut off.
    while (!said('cut readers off')) {
      for await (const _event of other.read()) read += 1;
    }
    expect(read).toBeGreaterThan(0);
    while (sequences.length <= batches) sequences.push((await events.next()).value?.sequence);
    await events.return?.();
    expect(sequences).toEqual(Array.from({ length: batches + 1 }, (_, index) => index));
    expect(signals).toContain('READER_TOO_SLOW');
  });

  test("don't hold a shutdown up", async () => {
    const { server, client, said } = await start({});
    await makeChain(client, 10, 50_000);
    const hostile = new HostileClient(server.address);
    const stream = hostile.begin('Subscribe');
    stream.pause();
    stream.end(subscribeMessage);
    await once(stream, 'response');
    await server.running.drain('a test');
    expect(said('cut calls that did not end in time')).toBe(false);
  });
});

describe('what is being received', () => {
  test('waits when there is too much of it, and is carried out when there is room', async () => {
    const { server, client } = await start({ uploadBytesMax: 200_000, requestMs: 500 });
    const writer = await makeChain(client);
    // Most of what there is, and it never comes.
    const holding = new HostileClient(server.address).begin('AppendBatch');
    holding.write(framed(Buffer.alloc(150_000)).subarray(0, 100));
    // A smaller request has its answer meanwhile.
    expect((await client.describeChain(chainKey)).nextSequence).toBe(1n);
    // This one has to wait until the other has had its time.
    const { run } = await writer.batch([testEvent(Buffer.alloc(100_000))]);
    const answered = client.appendBatch(run, chainKey);
    expect(await endingOf(holding)).toBe('REQUEST_TOO_SLOW');
    await answered;
    await expectServing(server);
  });

  test('goes on beside a stream that holds all there is, and has many batches', async () => {
    const { server, client } = await start({ uploadBytesMax: 200_000 });
    const writer = await makeChain(client);
    const stream = client.append();
    const batches = 60;
    for (let count = 0; count < batches; count += 1) {
      const { run } = await writer.batch([testEvent(Buffer.alloc(30_000, count))]);
      stream.send(run, chainKey);
    }
    for (let count = 0; count < batches; count += 1) {
      expect((await stream.answer())?.outcome.case).toBe('committed');
    }
    stream.end();
    expect((await client.describeChain(chainKey)).nextSequence).toBe(BigInt(batches + 1));
    await expectServing(server);
  });
});
