import http2 from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import {
  AppendBatchResponseSchema,
  DescribeChainResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { eventually } from '../../test/support/eventually.ts';
import {
  callUnary,
  collect,
  describeRequest,
  failure,
  fired,
  openAppend,
  path,
  read,
  start,
} from '../../test/support/fake-service.ts';
import { AtedbError, grpcMessageBytesMax } from '../bytes/index.ts';

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
      deadline: Date.now() + 500,
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
    await eventually(() => expect(reasons).toHaveLength(2));
    // At its deadline the client gives the call up too, and may be the first to be heard.
    expect(reasons).toMatchObject([
      { name: expect.stringMatching(/^(Timeout|Abort)Error$/) },
      { name: 'AbortError' },
    ]);
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

test('each call leaves a line at debug, with its outcome', async () => {
  const { client, lines } = await start({ describe: async () => ({}) });
  await callUnary(client, 'DescribeChain', describeRequest('g/db'));
  await failure(callUnary(client, 'AppendBatch', Buffer.alloc(0)));
  await eventually(() => {
    const ended = lines.filter(({ msg }) => msg === 'a call ended');
    expect(ended).toMatchObject([
      { method: 'atedb.v1.ChainService/DescribeChain', outcome: 'ok' },
      { method: 'atedb.v1.ChainService/AppendBatch', outcome: 'status 12' },
    ]);
  });
});

test('connections beyond the limit are closed as they come, and there is room when others end', async () => {
  const { grpc, client } = await start({ describe: async () => ({}) }, { connectionsMax: 1 });
  await callUnary(client, 'DescribeChain', describeRequest('g/db'));
  const ended = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  const connection = () => connect(grpc.port, '127.0.0.1').on('error', () => {});
  await ended(connection());
  await callUnary(client, 'DescribeChain', describeRequest('g/db'));
  client.close();
  await eventually(async () => {
    const socket = connection();
    const isOpen = await Promise.race([ended(socket), setTimeout(50, 'open')]);
    socket.destroy();
    expect(isOpen).toBe('open');
  });
});

test('what the transport says of strange requests is in fields of the log', async () => {
  const { grpc, lines } = await start({});
  const session = http2.connect(`http://${grpc.addresses[0]}`);
  const request = session.request({
    ':method': 'POST',
    ':path': path('DescribeChain'),
    'content-type': 'application/grpc',
    'x-strange': 'Ã¿',
  });
  request.on('error', () => {}).end();
  await eventually(() => {
    const said = lines.find(({ msg }) => msg === 'the transport says');
    expect(said?.said).toContain('x-strange');
  });
  session.destroy();
});
