import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TestAuthority } from './support/certificates.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { handshake, startTlsServer, type TlsServer } from './support/tls-server.ts';

const renewalCheckMs = 10;

/** The certificate that a new connection is shown. */
async function fingerprintOf(tls: TlsServer): Promise<string> {
  const socket = await handshake(tls);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('a certificate that is renewed under load is taken up, and no append and no event is lost', async () => {
  const tls = await startTlsServer({ tls: { renewalCheckMs } });
  const { server, trusting, authority, files } = tls;
  expect(await fingerprintOf(tls)).toBe(tls.certificate.fingerprint);
  await using client = await testClient(server.address, { tls: trusting });
  await using chain = await client.open('team/renewal', { key: testKey, forAppend: true });
  let appended = 0;
  let isOver = false;
  const appending = (async () => {
    while (!isOver) {
      await chain.append({ data: String(appended) });
      appended += 1;
    }
  })();
  // The others open the chain that the first of these makes.
  await Promise.race([appending, expect.poll(() => appended).toBeGreaterThan(0)]);
  for (let times = 0; times < 3; times += 1) {
    const renewed = await authority.issue();
    await files.writePair(renewed);
    await expect.poll(() => fingerprintOf(tls)).toBe(renewed.fingerprint);
    expect(server.running.certificate?.fingerprint).toBe(renewed.fingerprint);
    // Whoever comes now appends over the new one.
    await using other = await testClient(server.address, { tls: trusting });
    await using same = await other.open('team/renewal', { key: testKey });
    await same.append({ data: 'new' });
    await setTimeout(renewalCheckMs);
  }
  isOver = true;
  await appending;
  const read = await all(chain.read({ from: 1 }));
  const texts = read.map(({ data }) => data?.toString());
  expect(texts.filter((text) => text === 'new')).toHaveLength(3);
  expect(texts.filter((text) => text !== 'new')).toEqual(
    Array.from({ length: appended }, (_, at) => String(at)),
  );
});

test('a renewed server still agrees on keys as before, and still asks for certificates of clients', async () => {
  const [before, after] = await Promise.all([TestAuthority.make('a'), TestAuthority.make('b')]);
  const tls = await startTlsServer({ tls: { renewalCheckMs }, clientAuthority: before });
  const { server, trusting, files } = tls;
  const outcomeWith = async (authority: TestAuthority) => {
    const { cert, key } = await authority.issue();
    await using client = await testClient(server.address, { tls: { ...trusting, cert, key } });
    return await client.describe('team/none').catch(({ reason }) => reason);
  };
  expect(await outcomeWith(before)).toBe('CHAIN_NOT_FOUND');
  await files.write('clients.pem', after.cert);
  await expect.poll(() => outcomeWith(after)).toBe('CHAIN_NOT_FOUND');
  expect(await outcomeWith(before)).toBe('CONNECTION_FAILED');
  const socket = await handshake(tls, { ecdhCurve: 'X25519:X25519MLKEM768' });
  expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'X25519MLKEM768' });
  expect(socket.getProtocol()).toBe('TLSv1.3');
  await expect(handshake(tls, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version');
});

test('a client whose authority was taken out does not get in with a session of before', async () => {
  const [before, after] = await Promise.all([TestAuthority.make('a'), TestAuthority.make('b')]);
  const tls = await startTlsServer({ tls: { renewalCheckMs }, clientAuthority: before });
  const { cert, key } = await before.issue();
  const first = await handshake(tls, { cert, key });
  const [session] = await once(first.resume(), 'session');
  // As long as nothing is renewed it can be gone on with.
  const again = await handshake(tls, { cert, key, session });
  expect(again.isSessionReused()).toBe(true);
  await tls.files.write('clients.pem', after.cert);
  await expect
    .poll(async () => {
      const socket = await handshake(tls, { cert, key, session });
      // The server speaks first in HTTP/2.
      const said = once(socket, 'data').then(() => 'in');
      const ended = once(socket, 'close').then(() => 'out');
      return Promise.race([said, ended].map((one) => one.catch(() => 'out')));
    })
    .toBe('out');
});
