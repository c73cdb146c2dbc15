import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import {
  collect,
  fired,
  openAppend,
  read,
  start,
  subscribeTo,
} from '../../test/support/fake-service.ts';
import { AtedbError } from '../bytes/index.ts';
import type { DuplexCall } from './method.ts';

/** Until something was sent, and no more is: the transport's windows are full. */
async function untilHeldBack(sent: () => number): Promise<void> {
  await eventually(() => expect(sent()).toBeGreaterThan(0));
  for (let before = 0; sent() !== before; ) {
    before = sent();
    await setTimeout(100);
  }
}

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
    await untilHeldBack(() => sent);
    // 200 slices are 50 MiB, far more than the transport's windows take.
    expect(sent).toBeLessThan(100);
    const { messages } = await collect(stream);
    expect(messages).toHaveLength(199);
  });

  test('is freed where its reader goes away in the middle of a send', async () => {
    const ended = Promise.withResolvers<unknown>();
    let sent = 0;
    const { client } = await start({
      subscribe: async (_chainKey, call) => {
        try {
          for (; ; sent += 1) await call.send(Buffer.alloc(1024 * 1024));
        } catch (error) {
          ended.resolve(error);
          throw error;
        }
      },
    });
    const stream = subscribeTo(client);
    stream.on('error', () => {});
    stream.once('data', () => stream.pause());
    await untilHeldBack(() => sent);
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
    await eventually(async () => {
      const stream = subscribeTo(client, { deadline: Date.now() + 100 });
      expect((await collect(stream)).error?.code).toBe(status.DEADLINE_EXCEEDED);
    });
  });
});
