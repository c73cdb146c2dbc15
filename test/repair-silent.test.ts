import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliFixture } from './support/cli-fixture.ts';
import { TcpProxy } from './support/tcp-proxy.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// A repair that asks a server which says nothing, at once or after a while: it ends, and holds the lock no longer.

const cli = new CliFixture();
const chainKey = 'team/one';

test('a server that is silent, from the start or in the middle, is waited for no longer than was said', async () => {
  await using server = await TestServer.start({ segmentBytesMax: 2_000_000 });
  await using other = await TestServer.start({ segmentBytesMax: 2_000_000 });
  const { logsPath } = server;
  {
    await using client = await testClient(server.address);
    const chain = await client.open(chainKey, { key: testKey, forAppend: true });
    for (let at = 0; at < 8; at += 1) await chain.append({ data: randomBytes(1_000_000) });
  }
  const folder = join(logsPath, `${chainKey}.chain`);
  const path = join(folder, 'segment-00000001.log');
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using proxy = await TcpProxy.start(() => other.address);
  await server.restart(async () => {
    await other.restart(async () => {
      cpSync(join(logsPath, 'team'), join(other.logsPath, 'team'), { recursive: true });
    });
    // Of some segments nothing is left, so that much has to come.
    for (const number of [1, 2, 3]) {
      const file = join(folder, `segment-0000000${number}.log`);
      writeFileSync(file, readFileSync(file).subarray(0, 1_000));
    }
    const damaged = readFileSync(path);
    const from = (address: string) =>
      cli.atedb([
        ...['repair', folder, '--from', `ate://${address}`, '--plain', '--apply'],
        ...['--timeout', '1'],
      ]);
    const never = await from(silentAddress);
    expect(never.code, never.stderr).toBe(4);
    expect(never.stderr + never.stdout).toMatch(/has sent 0 bytes in 1 s that it was waited for/);
    const silencing = setInterval(() => {
      if (proxy.bytesDown > 1_500_000) proxy.silence();
    }, 1);
    const begun = await from(proxy.address);
    clearInterval(silencing);
    expect(begun.code, begun.stderr).toBe(4);
    const said =
      /has sent (\d+) bytes in \d+ s .* nothing more in the last 1 s; nothing was changed/;
    const [, bytes] = said.exec(begun.stderr + begun.stdout) ?? [];
    expect(Number(bytes)).toBeGreaterThan(500_000);
    expect(readFileSync(path)).toEqual(damaged);
    // Nobody else is kept from repairing it.
    const done = await from(other.address);
    expect(done, done.stderr).toMatchObject({ code: 0 });
  });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await using client = await testClient(server.address);
  expect(await all((await client.open(chainKey)).read())).toHaveLength(9);
  rmSync(join(other.logsPath, 'team'), { recursive: true });
}, 120_000);
