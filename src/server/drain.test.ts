import { fromBinary } from '@bufbuild/protobuf';
import { type Client, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, test } from 'vitest';
import { DescribeChainResponseSchema } from '../../gen/atedb/v1/chain_pb.js';
import { eventually } from '../../test/support/eventually.ts';
import {
  bytes,
  callUnary,
  collect,
  connect,
  describeRequest,
  failure,
  fired,
  openAppend,
  path,
  read,
  start,
  subscribeTo,
} from '../../test/support/fake-service.ts';

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
    await eventually(() => expect(appended).toEqual(['1', '2']));

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
    const begun = Promise.withResolvers<void>();
    const { grpc, client, lines } = await start({
      readEvents: async ({ signal }) => {
        begun.resolve();
        reasons.push(await fired(signal));
        signal.throwIfAborted();
      },
    });
    const stuck = collect(
      client.makeServerStreamRequest(path('ReadEvents'), bytes, bytes, Buffer.alloc(0)),
    );
    await begun.promise;
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
    await eventually(() => expect(watched).toMatchObject([{ status: 'SERVING' }]));
    const unknown = client.makeServerStreamRequest(
      watch.path,
      watch.requestSerialize,
      watch.responseDeserialize as (bytes: Buffer) => Health,
      { service: 'not.ours' },
    );
    const told = new Promise<Health>((resolve) =>
      unknown.on('error', () => {}).once('data', resolve),
    );
    expect(await told).toMatchObject({ status: 'SERVICE_UNKNOWN' });
    const started = performance.now();
    await grpc.drain();
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(watched).toMatchObject([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
  });
});
