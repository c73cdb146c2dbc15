import { expect, test } from 'vitest';
import { IdentityStore, type PassphraseRequest } from '../src/client/index.ts';
import { temporaryHome, testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

const costs = { memoryKib: 64, passes: 1, lanes: 1 };

test('the client asks once a chain for the passphrase of the key that it writes with', async () => {
  await using server = await TestServer.start();
  const home = await temporaryHome();
  const { path, keyPair } = await new IdentityStore(home).create('default', {
    passphrase: 'correct horse',
    costs,
  });
  const asked: PassphraseRequest[] = [];
  const passphrase = async (request: PassphraseRequest) => {
    asked.push(request);
    return asked.length === 1 ? 'wrong' : 'correct horse';
  };
  await using client = await testClient(server.address, { home, passphrase });
  const chain = await client.open('team/sealed', { forAppend: true });
  // Whoever has mistyped it is asked again.
  await expect(chain.append({ data: 'one' })).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    message: expect.stringContaining('passphrase is not that'),
  });
  const again = await client.open('team/sealed', { forAppend: true });
  await again.append({ data: 'one' });
  await again.append({ data: 'two' });
  const { fingerprintHex: fingerprint } = keyPair.publicKey;
  expect(asked).toEqual([
    { where: path, fingerprint },
    { where: path, fingerprint },
  ]);
});

test('a passphrase may be given as it is, and reading needs none', async () => {
  await using server = await TestServer.start();
  const home = await temporaryHome();
  await new IdentityStore(home).create('default', { passphrase: 'correct horse', costs });
  await using writer = await testClient(server.address, { home, passphrase: 'correct horse' });
  const chain = await writer.open('team/sealed', { forAppend: true });
  await chain.append({ data: 'one' });

  await using reader = await testClient(server.address, { home });
  const read = await reader.open('team/sealed');
  const texts: string[] = [];
  for await (const event of read.read()) if (event.kind === 'data') texts.push(String(event.data));
  expect(texts).toEqual(['one']);
  await expect(read.append({ data: 'two' })).rejects.toThrow(/none was given/);
});

test('who reads what is sealed for a key, and writes with it, is asked for its passphrase once', async () => {
  await using server = await TestServer.start();
  const home = await temporaryHome();
  await new IdentityStore(home).create('default', { passphrase: 'correct horse', costs });
  await using writer = await testClient(server.address, { home, passphrase: 'correct horse' });
  const chain = await writer.open('team/sealed', { forAppend: true, confidential: true });
  await chain.setReaders([]);
  await chain.append({ data: 'one' });

  let asked = 0;
  const passphrase = () => {
    asked += 1;
    return 'correct horse';
  };
  await using reader = await testClient(server.address, { home, passphrase });
  const read = await reader.open('team/sealed');
  const event = await read.get({ sequence: 2 });
  expect(event?.data?.toString()).toBe('one');
  await read.append({ data: 'two' });
  expect(asked).toBe(1);
});
