import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { eventually } from '../../test/support/eventually.ts';
import { type Behaviour, fakeMethods } from '../../test/support/fake-service.ts';
import { endingOf, framed, HostileClient } from '../../test/support/hostile-client.ts';
import { ByteBudget } from './byte-budget.ts';
import { completeLimits } from './limits.ts';
import { reflectionStreamsMax } from './reflection.ts';
import { serveGrpc, serving } from './serve-grpc.ts';

const uploadBytesMax = 100_000;
const message = framed(Buffer.alloc(50_000));

/** A server whose budget of uploads can be looked at. */
async function start(behaviour: Behaviour, requestMs = 60_000) {
  const uploads = new ByteBudget({ bytesMax: uploadBytesMax });
  const grpc = await serveGrpc({
    listen: ['127.0.0.1'],
    port: 0,
    limits: completeLimits({ requestMs }),
    logger: pino({ level: 'silent' }),
    otherFiles: [],
    services: [serving(ChainService, fakeMethods(behaviour))],
    uploads,
  });
  onTestFinished(() => grpc.drain({ limitMs: 0 }));
  return { uploads, client: new HostileClient(grpc.addresses[0] ?? '') };
}

test('a request has the memory of all of it as soon as its size is known, until its call is over', async () => {
  const handled = Promise.withResolvers<void>();
  const { uploads, client } = await start({ appendBatch: () => handled.promise });
  const stream = client.begin('AppendBatch');
  const ending = endingOf(stream);
  stream.write(message.subarray(0, 10));
  await eventually(() => expect(uploads.used).toBe(message.length));
  stream.end(message.subarray(10));
  handled.resolve();
  expect(await ending).toBe('OK');
  await eventually(() => expect(uploads.used).toBe(0));
});

test('as much as the limit is received at once, and what is more waits, in line', async () => {
  const handled = Promise.withResolvers<void>();
  const { uploads, client } = await start({ appendBatch: () => handled.promise });
  uploads.take(uploadBytesMax - message.length);
  const first = client.begin('AppendBatch');
  first.write(message.subarray(0, 10));
  await eventually(() =>
    expect(uploads).toMatchObject({ used: uploadBytesMax, isWaitedFor: false }),
  );
  const second = client.begin('AppendBatch');
  second.write(message.subarray(0, 10));
  await eventually(() => expect(uploads.isWaitedFor).toBe(true));
  first.destroy();
  await eventually(() => expect(uploads.isWaitedFor).toBe(false));
  const ending = endingOf(second);
  second.end(message.subarray(10));
  handled.resolve();
  expect(await ending).toBe('OK');
});

test('a request that waits for longer than a request may take is refused, and leaves the line', async () => {
  const { uploads, client } = await start({ appendBatch: async () => {} }, 100);
  uploads.take(uploadBytesMax);
  const stream = client.begin('AppendBatch');
  stream.end(message);
  expect(await endingOf(stream)).toBe('TOO_MANY_UPLOADS');
  expect(uploads).toMatchObject({ isWaitedFor: false });
});

test('messages of a stream count until they are not needed any more; where there are too many, no more are read', async () => {
  const taken: Buffer[] = [];
  let freeAll = () => {};
  const { uploads, client } = await start({
    append: async (call) => {
      freeAll = () => {
        for (const request of taken.splice(0)) call.free(request.length);
      };
      for await (const request of call.requests) {
        taken.push(request);
        await call.send(Buffer.from('taken'));
      }
    },
  });
  const stream = client.begin('Append');
  const ending = endingOf(stream);
  for (let count = 0; count < 6; count += 1) stream.write(message);
  stream.end();
  await eventually(() => expect(uploads.isWaitedFor).toBe(true));
  expect(taken.length).toBeLessThan(4);
  let answers = 0;
  while (answers < 6) {
    answers += taken.length;
    freeAll();
    await new Promise(setImmediate);
  }
  expect(await ending).toBe('OK');
  await eventually(() => expect(uploads).toMatchObject({ used: 0, isWaitedFor: false }));
});

const reflectionPath = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

/** A request for a list of services, with so many bytes of a name in it. */
const question = (bytes: number) => {
  const name = Buffer.alloc(bytes - 3, 'a');
  return Buffer.concat([Buffer.from([0x3a, (name.length & 0x7f) | 0x80, name.length >> 7]), name]);
};

test.each([
  [4_096, 'OK'],
  [4_097, 'DATA_TOO_LARGE'],
])('a question of %i bytes about the schema ends with %s', async (bytes, ending) => {
  const { uploads, client } = await start({});
  const stream = client.beginAt(reflectionPath);
  stream.end(framed(question(bytes)));
  expect(await endingOf(stream)).toBe(ending);
  expect(uploads.used).toBe(0);
});

test.each([reflectionPath, '/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'])(
  'a compressed request to %s takes nothing from what others send',
  async (path) => {
    const { uploads, client } = await start({ append: async () => undefined });
    const stream = client.beginAt(path, { 'grpc-encoding': 'gzip' });
    stream.end(framed(gzipSync(Buffer.alloc(0)), { compressed: true }));
    stream.resume();
    await eventually(() => expect(stream.sentHeaders).toBeDefined());
    const append = client.begin('Append');
    append.end(message);
    expect(await endingOf(append)).toBe('OK');
    stream.destroy();
    await eventually(() => expect(uploads.used).toBe(0));
  },
);

test('as many reflection streams as the limit are open at once, and one more when one has ended', async () => {
  const { client } = await start({});
  const open = Array.from({ length: reflectionStreamsMax }, () => {
    const stream = client.beginAt(reflectionPath);
    stream.write(framed(question(200)));
    return stream;
  });
  await Promise.all(open.map((stream) => once(stream, 'response')));
  const beyond = client.beginAt(reflectionPath);
  expect(await endingOf(beyond)).toBe('TOO_MANY_STREAMS');
  for (const stream of open.slice(0, 1)) {
    stream.end();
    expect(await endingOf(stream)).toBe('OK');
  }
  const next = client.beginAt(reflectionPath);
  next.end(framed(question(200)));
  expect(await endingOf(next)).toBe('OK');
});

test.each(['AppendBatch', 'Subscribe'])(
  'what ends the request of a call that is over reaches no handler: %s',
  async (method) => {
    let handled = 0;
    const handle = async () => {
      handled += 1;
    };
    const { uploads, client } = await start({ appendBatch: handle, subscribe: handle });
    const path = `/atedb.v1.ChainService/${method}`;
    const stream = client.beginAt(path, { 'grpc-timeout': '20m' });
    stream.write(framed(Buffer.alloc(10)));
    expect(await endingOf(stream)).toBe('status 4');
    stream.end();
    await once(stream, 'close');
    // Its connection serves on, and nothing of it is left.
    const next = client.begin('AppendBatch');
    next.end(framed(Buffer.alloc(10)));
    expect(await endingOf(next)).toBe('OK');
    expect(handled).toBe(1);
    await eventually(() => expect(uploads.used).toBe(0));
  },
);

test('a compressed message is refused', async () => {
  const { client } = await start({ appendBatch: async () => undefined });
  const call = (compressed: boolean) => {
    const stream = client.beginAt('/atedb.v1.ChainService/AppendBatch', {
      'grpc-encoding': 'gzip',
    });
    stream.end(framed(gzipSync(message), { compressed }));
    return endingOf(stream);
  };
  expect(await call(true)).toBe('UNSUPPORTED');
  // It may also come as it is where the header would allow the other.
  expect(await call(false)).toBe('OK');
});

test.each([
  [4_096, 'REQUEST_INVALID'],
  [4_097, 'DATA_TOO_LARGE'],
])('a request of %i bytes that uploads nothing ends with %s', async (bytes, ending) => {
  const { client } = await start({});
  const stream = client.begin('DescribeChain');
  stream.end(framed(Buffer.alloc(bytes)));
  expect(await endingOf(stream)).toBe(ending);
});

test('as many calls as the limit wait for memory, and more are refused at once', async () => {
  const { uploads, client } = await start({ appendBatch: async () => undefined });
  uploads.take(uploadBytesMax);
  const begin = () => {
    const stream = client.begin('AppendBatch');
    stream.write(message.subarray(0, 10));
    return stream;
  };
  const waiting = Array.from({ length: 64 }, begin);
  await eventually(() => expect(uploads.waiting).toBe(64));
  expect(await endingOf(begin())).toBe('TOO_MANY_UPLOADS');
  uploads.release(uploadBytesMax);
  for (const stream of waiting) stream.end(message.subarray(10));
  expect(new Set(await Promise.all(waiting.map(endingOf)))).toEqual(new Set(['OK']));
});

test('who waits twice, for a message and to be read, and goes leaves nothing taken', async () => {
  const { uploads, client } = await start({ append: () => new Promise(() => {}) });
  uploads.take(uploadBytesMax);
  const stream = client.begin('Append');
  // A whole message, and the beginning of the next one in the same chunk.
  stream.write(Buffer.concat([framed(Buffer.alloc(10)), message.subarray(0, 10)]));
  await eventually(() => expect(uploads.isWaitedFor).toBe(true));
  stream.destroy();
  await eventually(() => expect(uploads.isWaitedFor).toBe(false));
  uploads.release(uploadBytesMax);
  expect(uploads.used).toBe(0);
});

test('a message in many small frames arrives whole', async () => {
  const received: Buffer[] = [];
  const { client } = await start({
    appendBatch: async (request) => {
      received.push(request);
    },
  });
  const body = Buffer.from(Array.from({ length: 3_000 }, (_, at) => at % 251));
  const bytes = framed(body);
  const stream = client.begin('AppendBatch');
  for (let at = 0; at < bytes.length; at += 1 + (at % 3)) {
    const end = at + 1 + (at % 3);
    await new Promise((resolve) => stream.write(bytes.subarray(at, end), resolve));
  }
  stream.end();
  expect(await endingOf(stream)).toBe('OK');
  expect(received).toEqual([body]);
});
