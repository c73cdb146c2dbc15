import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connectionWindowBytes, streamWindowBytes } from './flow-control.ts';
import { listenForGrpc, makeGrpcServer } from './grpc-server.ts';
import { completeLimits } from './limits.ts';

/**
 * Read what a client is really told, since grpc-js has no option for it: when this fails after an update of
 * grpc-js, mend flow-control.ts, or uploads are three times slower.
 */
test('a client may send ahead as much as flow-control.ts says', async () => {
  const server = makeGrpcServer(completeLimits({ streamsMax: 500 }));
  server.addService(
    {
      Nothing: {
        path: '/test/Nothing',
        requestStream: false,
        responseStream: false,
        requestSerialize: Buffer.from,
        requestDeserialize: Buffer.from,
        responseSerialize: Buffer.from,
        responseDeserialize: Buffer.from,
      },
    },
    {},
  );
  const { port } = await listenForGrpc(server, {
    listen: ['127.0.0.1'],
    port: 0,
    connectionsMax: 10,
  });
  const client = connect(`http://127.0.0.1:${port}`);
  try {
    const [settings] = await once(client, 'remoteSettings');
    expect(settings.initialWindowSize).toBe(streamWindowBytes);
    expect(settings.maxConcurrentStreams).toBe(1_500);
    // The connection's window comes in a frame of its own, after the settings.
    while (client.state.remoteWindowSize === 65_535) await setTimeout(1);
    expect(client.state.remoteWindowSize).toBe(connectionWindowBytes);
  } finally {
    client.close();
    await once(client, 'close');
    server.forceShutdown();
  }
});
