import http2 from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import pino from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  AppendBatchResponseSchema,
  ChainService,
  DescribeChainRequestSchema,
  DescribeChainResponseSchema,
  SubscribeRequestSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError, grpcMessageBytesMax } from '../bytes/index.ts';
import { completeLimits, type ServerLimits } from './limits.ts';
import {
  bidiStream,
  type Call,
  type DuplexCall,
  type Methods,
  type SendingCall,
  serverStream,
  unary,
  unaryBytes,
} from './method.ts';
import { type RunningGrpc, serveGrpc, serving } from './serve-grpc.ts';

/** What a test's server does; what isn't given, refuses. */
interface Behaviour {
  describe?(chainKey: string, call: Call): Promise<{ chainKey?: string; trouble?: string }>;
  appendBatch?(request: Buffer, call: Call): Promise<void>;
  append?(call: DuplexCall): Promise<void>;
  subscribe?(chainKey: string, call: SendingCall): Promise<void>;
  readEvents?(call: SendingCall): Promise<void>;
}

const unsupported = async (): Promise<never> => {
  throw new AtedbError('UNSUPPORTED', 'this test does without');
};

function fakeMethods(behaviour: Behaviour): Methods<typeof ChainService> {
  const { method } = ChainService;
  const { append = unsupported, readEvents = unsupported } = behaviour;
  const { describe = unsupported, appendBatch = unsupported, subscribe = unsupported } = behaviour;
  return {
    openChain: unary(method.openChain, unsupported),
    describeChain: unary(method.describeChain, ({ chainKey }, call) => describe(chainKey, call)),
    listChains: unary(method.listChains, unsupported),
    append: bidiStream(method.append, append),
    appendBatch: unaryBytes(method.appendBatch, async (request, call) => {
      await appendBatch(request, call);
      return { committed: { commitHeader: request.subarray(0, 4) } };
    }),
    subscribe: serverStream(method.subscribe, { endsAtDrain: true }, ({ chainKey }, call) =>
      subscribe(chainKey, call),
    ),
    readEvents: serverStream(method.readEvents, { endsAtDrain: false }, (_request, call) =>
      readEvents(call),
    ),
  };
}

async function start(
  behaviour: Behaviour,
  limits: Partial<ServerLimits> = {},
  listen = '127.0.0.1',
) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const grpc = await serveGrpc({
    listen: [listen],
    port: 0,
    limits: completeLimits(limits),
    logger,
    otherFiles: [],
    services: [serving(ChainService, fakeMethods(behaviour))],
  });
  onTestFinished(() => grpc.drain({ limitMs: 0 }));
  return { grpc, lines, client: connect(grpc) };
}

function connect(grpc: RunningGrpc): Client {
  const client = new Client(grpc.addresses[0] ?? '', credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

const bytes = (message: Buffer) => message;
const path = (name: string) => `/atedb.v1.ChainService/${name}`;

/** Call a unary method. Rejects with the ServiceError. */
function callUnary(
  client: Client,
  name: string,
  request: Buffer,
  options: CallOptions & { signal?: AbortSignal } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path(name),
      bytes,
      bytes,
      request,
      new Metadata(),
      options,
      (error, response) => (error ? reject(error) : resolve(response ?? Buffer.alloc(0))),
    );
    options.signal?.addEventListener('abort', () => call.cancel());
  });
}

const describeRequest = (chainKey: string) =>
  Buffer.from(
    toBinary(DescribeChainRequestSchema, create(DescribeChainRequestSchema, { chainKey })),
  );

const subscribeTo = (client: Client, options: CallOptions = {}) =>
  client.makeServerStreamRequest(
    path('Subscribe'),
    bytes,
    bytes,
    Buffer.from(
      toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { chainKey: 'g/db' })),
    ),
    new Metadata(),
    options,
  );

const openAppend = (client: Client, options: CallOptions = {}) =>
  client.makeBidiStreamRequest(path('Append'), bytes, bytes, new Metadata(), options);

type Answers = ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;

/** All messages of a stream, and the error that it ended with, if it did. */
async function collect(stream: Answers): Promise<{ messages: string[]; error?: ServiceError }> {
  const messages: string[] = [];
  try {
    for await (const message of stream) messages.push(message.toString());
    return { messages };
  } catch (error) {
    return { messages, error: error as ServiceError };
  }
}

/** The error that something ends with. */
async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: ServiceError) => error,
  );
}

/** What an error tells, read as a client in any language would. */
function read(error: ServiceError | undefined) {
  const [trailer] = error?.metadata.get('grpc-status-details-bin') ?? [];
  const { details } = fromBinary(StatusSchema, Buffer.from(trailer ?? ''));
  const info = details[0] && anyUnpack(details[0], ErrorInfoSchema);
  const badRequest = details[1] && anyUnpack(details[1], BadRequestSchema);
  return {
    code: error && status[error.code],
    message: error?.details,
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata,
    field: badRequest?.fieldViolations[0]?.field,
  };
}

/** Resolves when an abort signal fires, with its reason. */
function fired(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

describe('a unary call', () => {
  test('gets and gives decoded messages', async () => {
    const { client } = await start({
      describe: async (chainKey, call) => ({ chainKey, trouble: call.method }),
    });
    const response = await callUnary(client, 'DescribeChain', describeRequest('g/db'));
    expect(fromBinary(DescribeChainResponseSchema, response)).toMatchObject({
      chainKey: 'g/db',
      trouble: 'atedb.v1.ChainService/DescribeChain',
    });
  });

  test('gets bytes as they came', async () => {
    const received: Buffer[] = [];
    const { client } = await start({
      appendBatch: async (request) => {
        received.push(request);
      },
    });
    const request = Buffer.from('not a message at all');
    const response = await callUnary(client, 'AppendBatch', request);
    expect(received).toEqual([request]);
    const { committed } = fromBinary(AppendBatchResponseSchema, response);
    expect(Buffer.from(committed?.commitHeader ?? []).toString()).toBe('not ');
  });

  test('tells a caller of a loopback address from others', async () => {
    const { client } = await start({
      describe: async (_chainKey, call) => ({ trouble: `${call.isLocal} ${call.peer}` }),
    });
    const response = await callUnary(client, 'DescribeChain', describeRequest('g/db'));
    const { trouble } = fromBinary(DescribeChainResponseSchema, response);
    expect(trouble).toMatch(/^true 127\.0\.0\.1:\d+$/);
  });

  test('answers a refusal with status, reason, metadata and field', async () => {
    const { client } = await start({
      describe: async () => {
        throw new AtedbError('REQUEST_INVALID', 'the chain key is missing', {
          metadata: { field: 'chain_key' },
        });
      },
    });
    const error = await failure(callUnary(client, 'DescribeChain', describeRequest('')));
    expect(read(error)).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'the chain key is missing',
      reason: 'REQUEST_INVALID',
      domain: 'atedb',
      metadata: { field: 'chain_key' },
      field: 'chain_key',
    });
  });

  test('answers malformed bytes with REQUEST_INVALID, not with a defect', async () => {
    const { client, lines } = await start({});
    const error = await failure(callUnary(client, 'DescribeChain', Buffer.from([0x0a, 0x7f])));
    expect(read(error)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'REQUEST_INVALID',
      metadata: { type: 'atedb.v1.DescribeChainRequest' },
    });
    expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  test('answers a defect with INTERNAL and nothing else', async () => {
    const { client, lines } = await start({
      describe: async () => {
        throw new TypeError('undefined is not a secret');
      },
    });
    const error = await failure(callUnary(client, 'DescribeChain', describeRequest('g/db')));
    expect(read(error)).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL' });
    expect(error.message).not.toContain('secret');
    const [line] = lines.filter(({ level }) => level === 50);
    expect(JSON.stringify(line)).toContain('undefined is not a secret');
    expect(line).toMatchObject({ method: 'atedb.v1.ChainService/DescribeChain' });
  });

  test('fires its signal at a cancellation', async () => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const { client } = await start({
      describe: async (_chainKey, { signal }) => {
        started.resolve();
        ended.resolve(await fired(signal));
        signal.throwIfAborted();
        return {};
      },
    });
    const cancel = new AbortController();
    const call = failure(
      callUnary(client, 'DescribeChain', describeRequest('g/db'), { signal: cancel.signal }),
    );
    await started.promise;
    cancel.abort();
    expect((await call).code).toBe(status.CANCELLED);
    expect(await ended.promise).toMatchObject({ name: 'AbortError' });
  });

  test('fires its signal at the deadline, and when the connection is lost', async () => {
    const started = Promise.withResolvers<void>();
    const reasons: unknown[] = [];
    const { client, grpc } = await start({
      describe: async (chainKey, { signal }) => {
        if (chainKey === 'lost') started.resolve();
        reasons.push(await fired(signal));
        signal.throwIfAborted();
        return {};
      },
    });
    const late = callUnary(client, 'DescribeChain', describeRequest('late'), {
      deadline: Date.now() + 50,
    });
    expect((await failure(late)).code).toBe(status.DEADLINE_EXCEEDED);
    const connection = http2.connect(`http://${grpc.addresses[0]}`);
    const stream = connection.request({
      ':method': 'POST',
      ':path': path('DescribeChain'),
      'content-type': 'application/grpc',
    });
    const request = describeRequest('lost');
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, request.length]), request]));
    await started.promise;
    connection.destroy();
    await vi.waitFor(() => expect(reasons).toHaveLength(2));
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }, { name: 'AbortError' }]);
  });
});

describe('a message', () => {
  test('of the limit is taken, one byte more is refused with the limit', async () => {
    const sizes: number[] = [];
    const { client } = await start({
      appendBatch: async (request) => {
        sizes.push(request.length);
      },
    });
    await callUnary(client, 'AppendBatch', Buffer.alloc(grpcMessageBytesMax));
    const error = await failure(
      callUnary(client, 'AppendBatch', Buffer.alloc(grpcMessageBytesMax + 1)),
    );
    expect(sizes).toEqual([grpcMessageBytesMax]);
    expect(read(error)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'DATA_TOO_LARGE',
      metadata: { limit_bytes: '4194304' },
      message: expect.stringContaining('4194304 bytes at most'),
    });
  });

  test('beyond the limit ends a stream that was answered before, with the same words', async () => {
    const ended = Promise.withResolvers<unknown>();
    const { client } = await start({
      append: async (call) => {
        try {
          for await (const request of call.requests) await call.send(request);
        } catch (error) {
          ended.resolve(error);
          throw error;
        }
      },
    });
    const stream = openAppend(client);
    const collected = collect(stream);
    stream.write(Buffer.from('one'));
    stream.write(Buffer.alloc(grpcMessageBytesMax + 1));
    const { messages, error } = await collected;
    expect(messages).toEqual(['one']);
    expect(read(error)).toMatchObject({ reason: 'DATA_TOO_LARGE' });
    expect(await ended.promise).toMatchObject({ name: 'AbortError' });
  });
});

describe('a stream of answers', () => {
  test('sends bytes in order, and ends', async () => {
    const { client } = await start({
      subscribe: async (chainKey, call) => {
        await call.send(Buffer.from(chainKey));
        for (const text of ['b', 'c', 'd']) void call.send(Buffer.from(text));
      },
    });
    expect(await collect(subscribeTo(client))).toEqual({ messages: ['g/db', 'b', 'c', 'd'] });
  });

  test('ends with the reason of what was thrown, after what was sent', async () => {
    const { client } = await start({
      subscribe: async (_chainKey, call) => {
        await call.send(Buffer.from('a'));
        throw new AtedbError('CHAIN_DAMAGED', 'segment 3 is damaged at 17');
      },
    });
    const { messages, error } = await collect(subscribeTo(client));
    expect(messages).toEqual(['a']);
    expect(read(error)).toMatchObject({ code: 'DATA_LOSS', reason: 'CHAIN_DAMAGED' });
  });

  test('holds the sender back while the reader is slow', async () => {
    const slice = Buffer.alloc(256 * 1024);
    let sent = 0;
    const { client } = await start({
      subscribe: async (_chainKey, call) => {
        for (; sent < 200; sent++) await call.send(slice);
      },
    });
    const stream = subscribeTo(client);
    // It pauses at its first message: the client holds nothing back before it has been read from.
    stream.once('data', () => stream.pause());
    await vi.waitFor(() => expect(sent).toBeGreaterThan(0));
    // Until the transport's windows are full; 200 slices are 50 MiB, far more than they take.
    let before = -1;
    while (sent !== before) {
      before = sent;
      await setTimeout(100);
    }
    expect(sent).toBeLessThan(100);
    const { messages } = await collect(stream);
    expect(messages).toHaveLength(199);
  });

  test('is freed where its reader goes away in the middle of a send', async () => {
    const ended = Promise.withResolvers<unknown>();
    const { client } = await start({
      subscribe: async (_chainKey, call) => {
        try {
          for (;;) await call.send(Buffer.alloc(1024 * 1024));
        } catch (error) {
          ended.resolve(error);
          throw error;
        }
      },
    });
    const stream = subscribeTo(client);
    stream.on('error', () => {});
    stream.pause();
    await setTimeout(100);
    stream.cancel();
    expect(await ended.promise).toMatchObject({ name: 'AbortError' });
  });

  test('fires its signal after a good end too', async () => {
    const aborted = Promise.withResolvers<unknown>();
    const { client } = await start({
      subscribe: async (_chainKey, { signal }) => {
        void fired(signal).then(aborted.resolve);
      },
    });
    await collect(subscribeTo(client));
    expect(await aborted.promise).toMatchObject({ name: 'AbortError' });
  });
});

describe('a stream each way', () => {
  const echo = async (call: DuplexCall) => {
    for await (const request of call.requests) await call.send(request);
  };

  test('answers in order, and ends when the caller half-closes', async () => {
    const { client } = await start({ append: echo });
    const stream = openAppend(client);
    const sent = Array.from({ length: 1_000 }, (_, index) => `batch ${index}`);
    for (const text of sent) stream.write(Buffer.from(text));
    stream.end();
    expect(await collect(stream)).toEqual({ messages: sent });
  });

  test('can be ended by the server while the caller goes on', async () => {
    const { client } = await start({
      append: async (call) => {
        for await (const request of call.requests) {
          await call.send(request);
          break;
        }
        throw new AtedbError('WRITER_TAKEN_OVER', 'a newer stream has taken this writer over');
      },
    });
    const stream = openAppend(client);
    const collected = collect(stream);
    for (let index = 0; index < 100; index++) stream.write(Buffer.from(`batch ${index}`));
    const { messages, error } = await collected;
    expect(messages).toEqual(['batch 0']);
    expect(read(error)).toMatchObject({ code: 'ABORTED', reason: 'WRITER_TAKEN_OVER' });
  });

  test('throws to a handler that reads when the caller is gone', async () => {
    const ended = Promise.withResolvers<unknown>();
    const { client } = await start({
      append: async (call) => {
        try {
          await echo(call);
        } catch (error) {
          ended.resolve(error);
          throw error;
        }
      },
    });
    const stream = openAppend(client);
    stream.on('error', () => {});
    stream.write(Buffer.from('a'));
    await new Promise((resolve) => stream.once('data', resolve));
    stream.cancel();
    expect(await ended.promise).toMatchObject({ name: 'AbortError' });
  });
});

describe('the limit on streams', () => {
  test('refuses one more with its name, and takes it when one has ended', async () => {
    const { client } = await start(
      { subscribe: async (_chainKey, { signal }) => void (await fired(signal)) },
      { streamsMax: 2 },
    );
    const [first] = [subscribeTo(client), subscribeTo(client)];
    first?.on('error', () => {});
    const { error } = await collect(subscribeTo(client));
    expect(read(error)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_STREAMS',
      metadata: { limit_streams: '2' },
    });
    first?.cancel();
    await vi.waitFor(async () => {
      const stream = subscribeTo(client, { deadline: Date.now() + 100 });
      expect((await collect(stream)).error?.code).toBe(status.DEADLINE_EXCEEDED);
    });
  });
});

describe('a drain', () => {
  type Health = { status: string };
  const checkHealth = (client: Client, service: string) =>
    new Promise<string>((resolve, reject) => {
      const { Check: check } = healthService;
      if (check === undefined) throw new Error('no health service');
      client.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize as (bytes: Buffer) => Health,
        { service },
        (error, response) => (error ? reject(error) : resolve(response?.status ?? '')),
      );
    });

  test('finishes calls, ends streams, refuses new ones, and says so to health', async () => {
    const proceed = Promise.withResolvers<void>();
    const appended: string[] = [];
    const { grpc, client } = await start({
      describe: async () => {
        await proceed.promise;
        return { trouble: 'finished' };
      },
      subscribe: async (_chainKey, call) => {
        await call.send(Buffer.from('live'));
        throw await fired(call.signal);
      },
      append: async (call) => {
        const answers: Promise<void>[] = [];
        for await (const request of call.requests) {
          appended.push(request.toString());
          answers.push(proceed.promise.then(() => call.send(request)));
        }
        await Promise.all(answers);
      },
      readEvents: async (call) => {
        await proceed.promise;
        call.signal.throwIfAborted();
        await call.send(Buffer.from('whole'));
      },
    });
    expect(await checkHealth(client, '')).toBe('SERVING');
    expect(await checkHealth(client, 'atedb.v1.ChainService')).toBe('SERVING');

    const described = callUnary(client, 'DescribeChain', describeRequest('g/db'));
    const subscribed = collect(subscribeTo(client));
    const range = collect(
      client.makeServerStreamRequest(path('ReadEvents'), bytes, bytes, Buffer.alloc(0)),
    );
    const append = openAppend(client);
    const appends = collect(append);
    append.write(Buffer.from('1'));
    append.write(Buffer.from('2'));
    await vi.waitFor(() => expect(appended).toEqual(['1', '2']));

    const drained = grpc.drain();
    const { messages, error } = await subscribed;
    expect(messages).toEqual(['live']);
    expect(read(error)).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVER_DRAINING' });
    append.write(Buffer.from('3'));
    const refused = await failure(callUnary(client, 'DescribeChain', describeRequest('late')));
    expect(read(refused)).toMatchObject({ code: 'UNAVAILABLE', reason: 'SERVER_DRAINING' });
    expect(await checkHealth(connect(grpc), '')).toBe('NOT_SERVING');
    expect(await checkHealth(client, 'atedb.v1.ChainService')).toBe('NOT_SERVING');

    proceed.resolve();
    expect(fromBinary(DescribeChainResponseSchema, await described).trouble).toBe('finished');
    expect(await range).toEqual({ messages: ['whole'] });
    const answered = await appends;
    expect(answered.messages).toEqual(['1', '2']);
    expect(read(answered.error)).toMatchObject({ reason: 'SERVER_DRAINING' });
    await drained;
    const gone = await failure(
      callUnary(connect(grpc), 'DescribeChain', describeRequest('too late'), {
        deadline: Date.now() + 2_000,
      }),
    );
    expect(gone.code).toBe(status.UNAVAILABLE);
  });

  test('cuts what does not end in time, and leaves nothing behind', async () => {
    const reasons: unknown[] = [];
    const { grpc, client, lines } = await start({
      readEvents: async ({ signal }) => {
        reasons.push(await fired(signal));
        signal.throwIfAborted();
      },
    });
    const stuck = collect(
      client.makeServerStreamRequest(path('ReadEvents'), bytes, bytes, Buffer.alloc(0)),
    );
    await vi.waitFor(() => expect(reasons).toHaveLength(0));
    await setTimeout(50);
    await grpc.drain({ limitMs: 50 });
    expect(reasons).toMatchObject([{ name: 'AbortError' }]);
    expect((await stuck).error).toBeDefined();
    expect(lines.map(({ msg }) => msg)).toContain('cut calls that did not end in time');
    expect(lines.filter(({ level }) => level === 50)).toEqual([]);
  });

  test('is not held up by one who watches health, nor by an idle connection', async () => {
    const { grpc, client } = await start({});
    await failure(callUnary(client, 'AppendBatch', Buffer.alloc(0)));
    const { Watch: watch } = healthService;
    if (watch === undefined) throw new Error('no health service');
    const watched: Health[] = [];
    const stream = client.makeServerStreamRequest(
      watch.path,
      watch.requestSerialize,
      watch.responseDeserialize as (bytes: Buffer) => Health,
      { service: '' },
    );
    stream.on('data', (health: Health) => watched.push(health)).on('error', () => {});
    await vi.waitFor(() => expect(watched).toMatchObject([{ status: 'SERVING' }]));
    const started = performance.now();
    await grpc.drain();
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(watched).toMatchObject([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
  });
});

test('each call leaves a line at debug, with its outcome', async () => {
  const { client, lines } = await start({ describe: async () => ({}) });
  await callUnary(client, 'DescribeChain', describeRequest('g/db'));
  await failure(callUnary(client, 'AppendBatch', Buffer.alloc(0)));
  await vi.waitFor(() => {
    const ended = lines.filter(({ msg }) => msg === 'a call ended');
    expect(ended).toMatchObject([
      { method: 'atedb.v1.ChainService/DescribeChain', outcome: 'ok' },
      { method: 'atedb.v1.ChainService/AppendBatch', outcome: 'status 12' },
    ]);
  });
});
