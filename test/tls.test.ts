import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { ConnectOptions } from '../src/client/index.ts';
import { inDays, TestAuthority } from './support/certificates.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { handshake, startTlsServer, type TlsServer } from './support/tls-server.ts';

const chainKey = 'team/tls';

/** What a client's first call comes to. */
async function outcome(address: string, tls: ConnectOptions['tls']): Promise<string> {
  const client = await testClient(address, { tls });
  onTestFinished(() => client.close());
  return client.describe(chainKey).then(
    () => 'there',
    (error) => `${error.reason}: ${error.message}`,
  );
}

const notThere = /^CHAIN_NOT_FOUND/;

test('a client appends and reads over TLS', async () => {
  const { server, trusting } = await startTlsServer();
  await using client = await testClient(server.address, { tls: trusting });
  await using chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await chain.append({ data: 'one' });
  await chain.append({ data: 'two' });
  const read = await all(chain.read({ from: 1 }));
  expect(read.map(({ data }) => data?.toString())).toEqual(['one', 'two']);
});

test('keys are agreed on with X25519MLKEM768, also with a client that guesses another group first', async () => {
  const tls = await startTlsServer();
  const groupOf = async (ecdhCurve?: string) => {
    const socket = await handshake(tls, ecdhCurve === undefined ? {} : { ecdhCurve });
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.alpnProtocol).toBe('h2');
    return (socket.getEphemeralKeyInfo() as { name: string }).name;
  };
  expect(await groupOf()).toBe('X25519MLKEM768');
  expect(await groupOf('X25519:X25519MLKEM768')).toBe('X25519MLKEM768');
  expect(await groupOf('X25519')).toBe('X25519');
  expect(await groupOf('P-256')).toBe('prime256v1');
  await expect(groupOf('P-384')).rejects.toThrow('handshake failure');
});

test('TLS 1.2 is refused, and so is what is not HTTP/2', async () => {
  const tls = await startTlsServer();
  await expect(handshake(tls, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version');
  await expect(handshake(tls, { ALPNProtocols: ['http/1.1'] })).rejects.toThrow(
    'no application protocol',
  );
});

test('names, IPv4 and IPv6 addresses of a server are verified', async () => {
  const { server, trusting } = await startTlsServer({ server: { listen: ['localhost'] } });
  const { port } = server.running;
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    expect(await outcome(`${host}:${port}`, trusting), host).toMatch(notThere);
});

test.each<[string, (tls: TlsServer) => Promise<ConnectOptions['tls']>, RegExp]>([
  ['any authority of this machine', async () => true, /not signed by any that this machine trusts/],
  [
    'another authority of the same name',
    async () => ({ ca: (await TestAuthority.make()).cert }),
    /not signed by the authorities that were given .*--tls-ca/,
  ],
  [
    'another name',
    async ({ trusting }) => ({ ...trusting, serverName: 'example.com' }),
    /is for other names: .*example\.com.*localhost.*--tls-server-name/,
  ],
])('a client that expects %s hands nothing over, and says why', async (_what, made, words) => {
  const tls = await startTlsServer();
  const said = await outcome(tls.server.address, await made(tls));
  expect(said).toMatch(/^TLS_FAILED/);
  expect(said).toMatch(words);
});

test('a client is told that the certificate is for another host, or may say which it must be for', async () => {
  const { server, trusting } = await startTlsServer({ certificate: { hosts: ['db.example.com'] } });
  expect(await outcome(server.address, trusting)).toMatch(/^TLS_FAILED.*other names/);
  const named = { ...trusting, serverName: 'db.example.com' };
  expect(await outcome(server.address, named)).toMatch(notThere);
});

test('an address is verified as the address that it is, or the one that was said', async () => {
  const named = await startTlsServer({ certificate: { hosts: ['localhost'] } });
  expect(await outcome(named.server.address, named.trusting)).toMatch(/^TLS_FAILED.*other names/);
  const { server, trusting } = await startTlsServer({ certificate: { hosts: ['192.0.2.1'] } });
  expect(await outcome(server.address, trusting)).toMatch(/^TLS_FAILED.*other names/);
  const said = { ...trusting, serverName: '192.0.2.1' };
  expect(await outcome(server.address, said)).toMatch(notThere);
});

test('a client refuses a certificate that has expired since the server has read it', async () => {
  const until = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000);
  const { server, trusting } = await startTlsServer({ certificate: { until } });
  await expect
    .poll(() => outcome(server.address, trusting), { timeout: 10_000 })
    .toMatch(/^TLS_FAILED: .*has expired.*this machine's clock/);
});

test('clients that speak no TLS are told to, whatever they call', async () => {
  const { server } = await startTlsServer();
  expect(await outcome(server.address, undefined)).toMatch(/^TLS_REQUIRED: .*--tls/);
  using raw = server.client();
  await expect(raw.listChains()).rejects.toMatchObject({
    details: expect.stringContaining('this server speaks TLS'),
  });
});

test('a client that speaks TLS to a server that does not is told so', async () => {
  await using server = await TestServer.start();
  expect(await outcome(server.address, true)).toMatch(/^TLS_FAILED: .*speaks no TLS/);
});

test('a connection that was not made is not taken for a failure of TLS, also after one', async () => {
  const { server } = await startTlsServer();
  const client = await testClient(server.address, { tls: true });
  onTestFinished(() => client.close());
  await expect(client.describe(chainKey)).rejects.toMatchObject({ reason: 'TLS_FAILED' });
  await server.running.drain('a test');
  await expect
    .poll(() => client.describe(chainKey).catch((error) => error.message), { timeout: 10_000 })
    .toMatch(/can't be reached: connect ECONNREFUSED/);
});

test('a server that takes only clients of an authority takes those, and no others', async () => {
  const clientAuthority = await TestAuthority.make('clients');
  const { server, trusting, authority } = await startTlsServer({ clientAuthority });
  const { cert, key } = await clientAuthority.issue({ hosts: ['alice'] });
  expect(await outcome(server.address, { ...trusting, cert, key })).toMatch(notThere);
  // Its words may be lost with the connection, which it closes as soon as it has said them.
  expect(await outcome(server.address, trusting)).toMatch(
    /takes only clients that show a certificate|asks for certificates of clients/,
  );
  const other = await authority.issue({ hosts: ['alice'] });
  const refused = await outcome(server.address, { ...trusting, cert: other.cert, key: other.key });
  expect(refused).toMatch(/does not take the one that was shown/);
});

test('a certificate of a client that has expired is refused', async () => {
  const clientAuthority = await TestAuthority.make('clients');
  const tls = await startTlsServer({ clientAuthority });
  const { cert, key } = await clientAuthority.issue({ from: inDays(-9), until: inDays(-1) });
  const socket = await handshake(tls, { cert, key });
  // Which the server looks at when the client is done, and lets go without a word of HTTP/2.
  const closed = once(socket, 'close');
  let said = '';
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      said += bytes;
    });
  await closed;
  expect(said).toBe('');
});
