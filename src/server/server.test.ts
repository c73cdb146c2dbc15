import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import {
  OpenChainRequestSchema,
  type OpenChainResponse,
  OpenChainResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { type RunningServer, type ServerOptions, startServer } from './index.ts';

const logger = pino({ level: 'silent' });

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atedb-server-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function start(
  logsPath: string,
  options: Partial<ServerOptions> = {},
): Promise<RunningServer> {
  const server = await startServer({
    logsPath,
    listen: ['localhost'],
    port: 0,
    trustMode: 'distributed',
    logger,
    ...options,
  });
  onTestFinished(() => server.drain('the test is over'));
  return server;
}

function openChain(address: string): Promise<OpenChainResponse> {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const request = create(OpenChainRequestSchema, { chainKey: 'group/db', forAppend: true });
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/atedb.v1.ChainService/OpenChain',
      (message) => Buffer.from(toBinary(OpenChainRequestSchema, message)),
      (bytes) => fromBinary(OpenChainResponseSchema, bytes),
      request,
      (error, response) => (error || !response ? reject(error) : resolve(response)),
    );
  });
}

test('a server makes its folder and key, and answers on every address with that key', async () => {
  const logsPath = join(await temporaryFolder(), 'a', 'b');
  const server = await start(logsPath, { listen: ['localhost', `unix:${logsPath}.sock`] });
  expect(server.addresses).toContain(`127.0.0.1:${server.port}`);
  expect(server.addresses).toContain(`unix:${logsPath}.sock`);
  for (const address of server.addresses) {
    const { serverIdentity, genesis } = await openChain(address);
    expect(Buffer.from(serverIdentity?.key ?? [])).toEqual(server.identity.bytes);
    // It signs; nobody encrypts anything to it.
    expect([server.identity.kem, serverIdentity?.kemSuite]).toEqual([undefined, 0]);
    expect(genesis).toBeUndefined();
  }
  const { mode } = await stat(join(logsPath, '_sys', 'identity.key'));
  expect(mode & 0o777).toBe(0o600);
});

test('a second server on the same path is refused, until the first has drained', async () => {
  const logsPath = await temporaryFolder();
  const first = await start(logsPath);
  await expect(start(logsPath)).rejects.toMatchObject({
    reason: 'REQUEST_INVALID',
    message: `another process serves ${logsPath}; stop it, or give this one another logs path`,
  });
  await Promise.all([first.drain('once'), first.drain('twice')]);
  const second = await start(logsPath);
  expect(second.identity.fingerprintHex).toBe(first.identity.fingerprintHex);
});

test('a server that cannot listen lets go of its logs path', async () => {
  const logsPath = await temporaryFolder();
  const other = await start(await temporaryFolder());
  await expect(start(logsPath, { port: other.port })).rejects.toMatchObject({
    metadata: { field: 'listen', code: 'EADDRINUSE' },
  });
  await start(logsPath);
});

test('a limit that is none is refused before anything is made', async () => {
  const logsPath = join(await temporaryFolder(), 'new');
  await expect(start(logsPath, { limits: { streamsMax: 0 } })).rejects.toMatchObject({
    metadata: { field: 'streamsMax' },
  });
  await expect(stat(logsPath)).rejects.toMatchObject({ code: 'ENOENT' });
});
