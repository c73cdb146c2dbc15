import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { machineHas } from '../../test/support/machine-has.ts';
import { type Listeners, listen, listenError } from './listen.ts';

const hasIpv6 = machineHas({
  isThere: Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  ),
  what: 'IPv6 on the loopback interface',
  remedy: 'turn it on (in a container: docker run --sysctl net.ipv6.conf.all.disable_ipv6=0)',
});

/** Listen, and greet whoever connects with one byte. */
async function listenFor(names: string[], port = 0): Promise<Listeners> {
  const listeners = await listen({
    listen: names,
    port,
    onConnection: (socket) => socket.on('error', () => {}).end('x'),
  });
  onTestFinished(() => listeners.close());
  return listeners;
}

async function answersOn(target: { host: string; port: number } | { path: string }) {
  const socket: Socket = connect(target);
  const [greeting] = await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
  return greeting.toString() === 'x';
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atedb-listen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('listen', () => {
  test('on an address, with a port that is free', async () => {
    const { addresses, port } = await listenFor(['127.0.0.1']);
    expect(addresses).toEqual([`127.0.0.1:${port}`]);
    expect(await answersOn({ host: '127.0.0.1', port })).toBe(true);
  });

  test.runIf(hasIpv6)('on localhost: both loopback addresses, one port', async () => {
    const { addresses, port } = await listenFor(['localhost']);
    expect(addresses).toEqual([`127.0.0.1:${port}`, `[::1]:${port}`]);
    expect(await answersOn({ host: '127.0.0.1', port })).toBe(true);
    expect(await answersOn({ host: '::1', port })).toBe(true);
  });

  test.runIf(hasIpv6)('on :: for IPv4 too, and on nothing that it covers', async () => {
    const { addresses, port } = await listenFor(['127.0.0.1', '[::]', '0.0.0.0', '::']);
    expect(addresses).toEqual([`[::]:${port}`]);
    expect(await answersOn({ host: '127.0.0.1', port })).toBe(true);
    expect(await answersOn({ host: '::1', port })).toBe(true);
  });

  test('on a Unix socket, also after a crash left its file behind', async () => {
    const path = join(await temporaryFolder(), 'server.sock');
    const stale = createServer().listen({ path });
    await once(stale, 'listening');
    // Closing would delete the file: keep another name of it, as a crash does.
    await rename(path, `${path}.kept`);
    stale.close();
    await once(stale, 'close');
    await rename(`${path}.kept`, path);

    const { addresses, port } = await listenFor([`unix:${path}`]);
    expect(addresses).toEqual([`unix:${path}`]);
    expect(port).toBe(0);
    expect(await answersOn({ path })).toBe(true);
  });
});

describe('listen refuses', () => {
  const refusal = (message: RegExp, metadata: Record<string, string>) =>
    expect.objectContaining({
      reason: 'REQUEST_INVALID',
      message: expect.stringMatching(message),
      metadata: expect.objectContaining(metadata),
    });

  test('a port in use, and lets go of what it had', async () => {
    const { port } = await listenFor(['127.0.0.1']);
    await expect(listenFor(['127.0.0.2', '127.0.0.1'], port)).rejects.toEqual(
      refusal(
        /^cannot listen on 127\.0\.0\.1:\d+: it is in use; stop .* another port with --port/,
        { code: 'EADDRINUSE' },
      ),
    );
    await listenFor(['127.0.0.2'], port);
  });

  test('a socket that somebody listens on', async () => {
    const path = join(await temporaryFolder(), 'server.sock');
    await listenFor([`unix:${path}`]);
    await expect(listenFor([`unix:${path}`])).rejects.toEqual(
      refusal(/server\.sock: it is in use/, { code: 'EADDRINUSE', address: `unix:${path}` }),
    );
    expect(await answersOn({ path })).toBe(true);
  });

  test('a file that is no socket, which stays as it is', async () => {
    const path = join(await temporaryFolder(), 'precious.txt');
    await writeFile(path, 'hello');
    await expect(listenFor([`unix:${path}`])).rejects.toEqual(
      refusal(/is a file and no socket; choose another path/, { code: 'EADDRINUSE' }),
    );
    expect(await readFile(path, 'utf8')).toBe('hello');
  });

  test('a port that this user may not have', () => {
    // Made here, since a test that runs as root may listen everywhere.
    const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
    expect(listenError({ host: '127.0.0.1' }, 1, cause)).toEqual(
      refusal(/may not listen there; choose a port from 1024 on/, { code: 'EACCES' }),
    );
  });

  test('an address of another machine', async () => {
    await expect(listenFor(['192.0.2.1'])).rejects.toEqual(
      refusal(/^cannot listen on 192\.0\.2\.1:0: this machine has no such address/, {
        code: 'EADDRNOTAVAIL',
      }),
    );
  });

  test('a name that nobody knows', async () => {
    await expect(listenFor(['nobody.invalid'])).rejects.toEqual(
      refusal(/^cannot listen on nobody\.invalid: /, { field: 'listen' }),
    );
  });

  test('no address, and a port that is none', async () => {
    await expect(listenFor([])).rejects.toEqual(refusal(/no address/, { field: 'listen' }));
    await expect(listenFor(['127.0.0.1'], 65_536)).rejects.toEqual(
      refusal(/from 0 to 65535, not 65536/, { field: 'port' }),
    );
  });
});
