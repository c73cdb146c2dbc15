import { expect, test } from 'vitest';
import { StubClient } from './support/stub-client.ts';
import { TestServer } from './support/test-server.ts';

const same = (bytes: Buffer) => bytes;
const path = '/atedb.v1.ChainService/ListChains';

function list(client: StubClient): Promise<string> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error) => {
      resolve(error === null ? 'OK' : `status ${error.code}`);
    });
  });
}

test('a channel that is closed right after a call was made ends the call, and throws nothing', async () => {
  await using server = await TestServer.start({ wireEncryption: 128 });
  const client = new StubClient(server.address, 128);
  expect(await list(client)).toBe('OK');
  const late = list(client);
  client.close();
  expect(await late).toBe('status 14');
});
