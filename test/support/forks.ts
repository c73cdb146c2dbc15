import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { TcpProxy } from './tcp-proxy.ts';
import { temporaryHome, testClient } from './test-client.ts';
import { TestServer } from './test-server.ts';

/** A server that can be forked, with its keys, and one address at which a client is led to any of the forks. */
export async function forks() {
  const home = await temporaryHome();
  const server = await TestServer.start();
  const proxy = await TcpProxy.start(() => server.address);
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  /** Another server, on a copy of the first one's logs. */
  const fork = async () => {
    const logsPath = await mkdtemp(join(tmpdir(), 'atedb-fork-'));
    await server.restart();
    await cp(server.logsPath, logsPath, { recursive: true });
    const other = await TestServer.start({ logsPath });
    onTestFinished(() => other[Symbol.asyncDispose]());
    return other;
  };
  const connectTo = (to: TestServer) => {
    proxy.retarget(() => to.address);
    proxy.cut();
    return testClient(proxy.address, { home });
  };
  return { home, server, fork, connectTo };
}
