import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectFolder, runCommand } from './command.ts';
import { type ServerProcess, startServerProcess } from './running-server.ts';
import { runHere } from './support/run-here.ts';

let folder: string;
const servers: ServerProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-solo-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Start a server on a free port, from the sources. */
async function start(args: string[], environment: Record<string, string> = {}) {
  const launcher = join(projectFolder, 'bin', 'atedb.cjs');
  const server = await startServerProcess(process.execPath, [launcher, ...args], {
    ATE_LOGS_PATH: join(folder, 'logs'),
    ATE_PORT: '0',
    ...environment,
  });
  servers.push(server);
  return server;
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('listens, says where and what is off, and ends in good order at SIGTERM', async () => {
  const backup = join(folder, 'backup');
  const server = await start(['solo', '-l', 'localhost', '--backup-path', backup]);
  expect(server.stdout).toContain(`listens on 127.0.0.1:${server.port}`);
  expect(server.stdout).toContain(`logs      ${join(folder, 'logs')}`);
  expect(server.stdout).toContain('wire      encrypted, 128 bits or more');
  expect(server.stdout).toContain('auth      by this server');
  expect(server.stdout).toContain(`append ate://localhost:${server.port}/example.com/me/log FILE`);
  expect(await answers('127.0.0.1', server.port)).toBe(true);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(readdirSync(join(backup, '_sys'))).toContain('identity.key');
  for (const line of server.log().trim().split('\n'))
    expect(JSON.parse(line)).toHaveProperty('level');
});

test('what was asked to be off is not told as missing', async () => {
  const off = ['--no-auth', '--no-wire-encryption', 'solo', '--compact-mode', 'never'];
  const server = await start([...off, '-l', '127.0.0.1']);
  expect(server.stdout).not.toContain('not built yet');
  expect(server.stdout).toContain('trust     centralized');
});

test('by default it answers on IPv4, and on IPv6 where there is any', async () => {
  const server = await start(['--trust', 'distributed', 'solo']);
  expect(server.stdout).toMatch(/listens on (\[::\]|0\.0\.0\.0):/);
  expect(await answers('127.0.0.1', server.port)).toBe(true);
  const hasIpv6 = server.stdout.includes('[::]') && (await answers('::1', server.port));
  expect(hasIpv6).toBe(server.stdout.includes('[::]'));
});

test('a second process is refused the same logs path, until the first is gone', async () => {
  const first = await start(['solo', '-l', '127.0.0.1']);
  const environment = { ATE_LOGS_PATH: join(folder, 'logs'), ATE_PORT: '0' };
  const second = await runCommand('atedb', ['solo', '-l', '127.0.0.1'], { environment });
  expect(second.stderr).toContain('another process serves');
  expect(second.code).toBe(2);
  first.child.kill('SIGKILL');
  await first.ended;
  const third = await start(['solo', '-l', '127.0.0.1']);
  expect(await answers('127.0.0.1', third.port)).toBe(true);
});

test('RUST_LOG and -v choose what is logged', async () => {
  const quiet = await start(['solo', '-l', '127.0.0.1'], { RUST_LOG: 'error' });
  quiet.child.kill('SIGINT');
  expect(await quiet.ended).toBe(0);
  expect(quiet.log()).toBe('');
  const loud = await start(['-vv', 'solo', '-l', '127.0.0.1'], { RUST_LOG: 'error' });
  loud.child.kill('SIGINT');
  await loud.ended;
  expect(loud.log()).toContain('"level":"info"');
});

test.runIf(process.platform === 'linux')(
  'its young generation is limited, in the process that was started, unless somebody says how',
  async () => {
    const nodeFlags = ({ child }: ServerProcess) =>
      readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0').slice(1, -1);
    const server = await start(['solo', '-l', '127.0.0.1']);
    expect(nodeFlags(server)[0]).toBe('--max-semi-space-size=8');
    server.child.kill('SIGTERM');
    await server.ended;
    const told = await start(['solo', '-l', '127.0.0.1'], {
      NODE_OPTIONS: '--max-semi-space-size=4',
    });
    expect(nodeFlags(told)[0]).toMatch(/atedb\.cjs$/);
  },
);

test('whoever reads the start-up lines may go', async () => {
  const server = await start(['solo', '-l', '127.0.0.1']);
  server.child.stdout.destroy();
  expect(await answers('127.0.0.1', server.port)).toBe(true);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('a port that is in use is told with the flag to choose another, and nothing is left behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const logs = join(folder, 'new', 'logs');
  const { code, stderr } = await runHere('atedb', [
    ...['solo', logs, '-l', '127.0.0.1', '-p', String(port)],
  ]);
  taken.close();
  expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: it is in use`);
  expect(stderr).toContain('--port');
  expect(code).toBe(2);
  expect(existsSync(join(folder, 'new'))).toBe(false);
});
