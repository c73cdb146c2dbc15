import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { connectionWindowBytes, streamWindowBytes } from '../src/server/flow-control.ts';
import { TestAuthority } from './support/certificates.ts';
import { RawClient } from './support/raw-client.ts';
import { testClient, testKey } from './support/test-client.ts';
import { handshake, startTlsServer, tcpTo } from './support/tls-server.ts';

/** Resolves when a connection is closed. */
function closed(socket: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** The first bytes of a handshake, as a client sends them. */
const clientHello = Buffer.from('16030102000100' + '01fc0303', 'hex');

test('a peer that is silent, stops in its handshake, or has it come byte by byte, is closed in time', async () => {
  const tls = await startTlsServer({ server: { limits: { handshakeMs: 200 } } });
  const silent = tcpTo(tls);
  const stopped = tcpTo(tls);
  stopped.write(clientHello);
  const slow = tcpTo(tls);
  let at = 0;
  // Longer than the limit, a byte at a time.
  const timer = setInterval(() => slow.write(Buffer.from([clientHello[at++] ?? 0])), 50);
  onTestFinished(() => clearInterval(timer));
  // Encrypted, and then without a word.
  const secure = await handshake(tls);
  secure.on('error', () => {}).resume();
  // Without TLS, and without a call.
  const plain = connectHttp2(`http://${tls.server.address}`).on('error', () => {});
  onTestFinished(() => plain.destroy());
  await Promise.all([silent, stopped, slow, secure, plain].map(closed));
  await expect(handshake(tls)).resolves.toMatchObject({ authorized: true });
});

test('connections that are not encrypted yet count for the limit', async () => {
  const tls = await startTlsServer({ server: { limits: { connectionsMax: 2 } } });
  const [first, second] = [tcpTo(tls), tcpTo(tls)];
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  second.write(clientHello);
  await closed(tcpTo(tls));
  first.destroy();
  await expect
    .poll(() =>
      handshake(tls).then(
        () => 'in',
        () => 'out',
      ),
    )
    .toBe('in');
});

test('a client has the windows and limits that it has without TLS', async () => {
  const { server, trusting } = await startTlsServer({ server: { limits: { streamsMax: 500 } } });
  const session = connectHttp2(`https://${server.address}`, trusting);
  onTestFinished(() => session.destroy());
  const [settings] = await once(session, 'remoteSettings');
  expect(settings.initialWindowSize).toBe(streamWindowBytes);
  expect(settings.maxConcurrentStreams).toBe(1_500);
  await expect.poll(() => session.state.remoteWindowSize).toBe(connectionWindowBytes);
});

test('a server knows callers of its own machine, and answers health, over TLS', async () => {
  const { server, trusting } = await startTlsServer();
  await using client = await testClient(server.address, { tls: trusting });
  // Which is for those alone.
  for await (const chain of client.listChains()) expect(chain).toBeUndefined();
  const health = new Client(server.address, credentials.createSsl(Buffer.from(trusting.ca)), {
    'grpc.ssl_target_name_override': 'localhost',
  });
  onTestFinished(() => health.close());
  const status = await new Promise((resolve, reject) => {
    const bytes = (sent: Buffer) => sent;
    health.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      bytes,
      bytes,
      Buffer.alloc(0),
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
  // HealthCheckResponse: status 1, SERVING.
  expect(status).toEqual(Buffer.from([0x08, 0x01]));
});

test('a Unix socket beside TLS has none, and needs no certificate', async () => {
  const clientAuthority = await TestAuthority.make('clients');
  const path = `${(await startTlsServer()).files.folder}/socket`;
  await startTlsServer({ clientAuthority, server: { listen: ['127.0.0.1', `unix:${path}`] } });
  using client = new RawClient(`unix:${path}`);
  expect((await client.listChains()).chains).toEqual([]);
});

test('a drain ends connections over TLS, and those whose handshake is not done', async () => {
  const tls = await startTlsServer();
  await using client = await testClient(tls.server.address, { tls: tls.trusting });
  await using chain = await client.open('team/drain', { key: testKey, forAppend: true });
  await chain.append({ data: 'one' });
  const secure = await handshake(tls);
  secure.on('error', () => {}).resume();
  const half = tcpTo(tls);
  await once(half, 'connect');
  half.write(clientHello);
  await Promise.all([tls.server.running.drain('a test'), closed(secure), closed(half)]);
});
